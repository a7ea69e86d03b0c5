#pragma once
/// \file
/// Columns of a fragment that are written again where they are: read with deleted rows, and told from then on to be in another file.

#include <set>

#include "eider/query/table_reader.h"

namespace eider::mutate {

/// All rows of a fragment, deleted ones included, for the writer: bytes of blobs are blobs.
class PhysicalRows final : public RecordBatchReader {
 public:
  /// `paths` of fields that make up `columns`.
  PhysicalRows(const query::TableReader& table, uint64_t fragment_id, const LanceSchema& columns, std::vector<std::string> paths);
  const SchemaPtr& schema() const override { return schema_; }
  std::optional<RecordBatch> Next() override;

 private:
  std::unique_ptr<RecordBatchReader> rows_;
  SchemaPtr schema_;
};

/// The fields are in another file now. A file that has no other is not listed any more.
void Bury(const std::set<int32_t>& ids, table::DataFragmentProto* fragment);

}  // namespace eider::mutate
