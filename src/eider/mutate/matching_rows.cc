#include "eider/mutate/matching_rows.h"

namespace eider::mutate {

void VisitMatches(const query::TableReader& table, const std::optional<SqlExpression>& filter, std::optional<std::vector<uint64_t>> fragment_ids,
                  const std::function<void(std::span<const uint64_t>)>& visit) {
  const std::unique_ptr<RecordBatchReader> rows = table.Scan({.columns = std::vector<std::string>(),
                                                              .filter = filter,
                                                              .fragment_ids = std::move(fragment_ids),
                                                              .batch_rows = 1 << 16,
                                                              .with_row_address = true});
  while (const std::optional<RecordBatch> batch = rows->Next()) visit(query::UInt64Values(*batch->columns[0]));
}

}  // namespace eider::mutate
