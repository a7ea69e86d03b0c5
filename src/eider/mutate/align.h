#pragma once
/// \file
/// Brings batches into the shape of a table: columns and struct fields in the table's order, missing ones as nulls.

#include <eider/array.h>
#include <eider/schema.h>

#include <vector>

namespace eider::mutate {

/// A stream of `data` with exactly the columns of `table`. Both must outlive it.
class AlignedReader : public RecordBatchReader {
 public:
  /// \throws Error(kInvalid) naming the column and both types when the schemas do not agree.
  AlignedReader(RecordBatchReader& data, const LanceSchema& table);

  const SchemaPtr& schema() const override { return schema_; }
  /// \throws Error(kInvalid) for a null in a field of the table that is not nullable, at any depth.
  std::optional<RecordBatch> Next() override;

 private:
  RecordBatchReader& data_;
  std::vector<int> columns_;  ///< of the data, per field of the table; -1: nulls
  const LanceSchema table_;
  SchemaPtr schema_;
};

}  // namespace eider::mutate
