#include "eider/mutate/physical_rows.h"

#include <algorithm>

#include "eider/mutate/whole_rows.h"

namespace eider::mutate {

PhysicalRows::PhysicalRows(const query::TableReader& table, uint64_t fragment_id, const LanceSchema& columns, std::vector<std::string> paths) {
  ScanOptions options = WholeRows(columns);
  options.columns = std::move(paths);
  options.fragment_ids = std::vector<uint64_t>{fragment_id};
  options.include_deleted_rows = true;
  options.with_row_id = true;
  rows_ = table.Scan(options);
  schema_ = std::make_shared<const Schema>(WholeRowsSchema(*rows_->schema(), columns));
}

std::optional<RecordBatch> PhysicalRows::Next() {
  std::optional<RecordBatch> batch = rows_->Next();
  if (!batch) return std::nullopt;
  batch->columns.resize(schema_->fields.size());
  batch->schema = schema_;
  return batch;
}

void Bury(const std::set<int32_t>& ids, table::DataFragmentProto* fragment) {
  table::DataFragmentProto before = *fragment;
  fragment->clear_files();
  for (table::DataFileProto& file : *before.mutable_files()) {
    for (int32_t& id : *file.mutable_fields()) id = ids.contains(id) ? table::kTombstone : id;
    if (std::ranges::any_of(file.fields(), [](int32_t id) { return id != table::kTombstone; })) *fragment->add_files() = std::move(file);
  }
}

}  // namespace eider::mutate
