#include "eider/loader/decoded_columns.h"

#include "eider/array/take.h"
#include "eider/array/types.h"
#include "eider/base/task_pool.h"

namespace eider::loader {
namespace {

bool IsNarrow(const Field& field) {
  const Layout layout = LayoutOf(field.type->id);
  return layout == Layout::kBits || (layout == Layout::kFixed && field.type->id != TypeId::kFixedSizeBinary);
}

/// Names that a projection takes as they are: no path, no quotes.
bool IsPlainName(const std::string& name) { return name.find_first_of(".`") == std::string::npos; }

}  // namespace

std::shared_ptr<const DecodedColumns> DecodedColumns::TryDecode(const Dataset& dataset, const Schema& schema,
                                                                const std::optional<std::vector<std::string>>& columns,
                                                                std::shared_ptr<Session> session, ScanStats& stats) {
  auto decoded = std::make_shared<DecodedColumns>();
  std::vector<std::string> narrow;
  uint64_t row_bits = 0;
  for (const Field& field : schema.fields) {
    if (!IsPlainName(field.name)) return nullptr;
    (IsNarrow(field) ? narrow : decoded->others_).push_back(field.name);
    if (IsNarrow(field)) row_bits += FixedBitWidth(*field.type) + field.nullable;
  }
  for (const std::string& name : columns.value_or(std::vector<std::string>{})) {
    if (!IsPlainName(name)) return nullptr;
  }
  const uint64_t num_rows = dataset.CountRows();
  const uint64_t limit = session->memory_limit() / 4;
  if (narrow.empty() || num_rows == 0 || row_bits > limit / num_rows * 8) return nullptr;
  const uint64_t bytes = row_bits * num_rows / 8;
  if (!session->budget().TryCharge(bytes)) return nullptr;
  session->budget().Release(bytes);
  decoded->charge_ = BudgetCharge(session->budget(), bytes, "loader: decoded columns");
  decoded->session_ = std::move(session);

  decoded->arrays_.resize(schema.fields.size());
  decoded->session_->cpu_pool().ParallelFor(narrow.size(), [&](size_t i) {
    ScanOptions options;
    options.columns = std::vector<std::string>{narrow[i]};
    options.stats = &stats;
    const RecordBatch batch = dataset.ReadRange(0, num_rows, options);
    decoded->arrays_[size_t(schema.FieldIndex(narrow[i]))] = batch.columns.at(0);
  });
  return decoded;
}

RecordBatch DecodedColumns::Take(const Dataset& dataset, const SchemaPtr& schema, std::span<const uint64_t> positions,
                                 ScanOptions options) const {
  RecordBatch rest;
  options.columns = others_;
  if (!others_.empty()) rest = dataset.Take(positions, options);
  const std::vector<int64_t> indices(positions.begin(), positions.end());
  RecordBatch batch{schema, int64_t(positions.size()), {}};
  for (size_t i = 0; i < arrays_.size(); ++i) {
    if (!arrays_[i]) {
      batch.columns.push_back(rest.columns.at(size_t(rest.schema->FieldIndex(schema->fields[i].name))));
      continue;
    }
    batch.columns.push_back(TakeArray(arrays_[i], indices));
    if (options.stats) options.stats->bytes_copied += ArrayBytes(*batch.columns.back());
  }
  return batch;
}

}  // namespace eider::loader
