#pragma once
/// \file
/// Brings batches into the shape of a table: columns and struct fields in the table's order, missing ones as nulls.

#include <eider/array.h>
#include <eider/schema.h>

#include <memory>
#include <vector>

namespace eider::mutate {

/// `data`, which must outlive it, with the offsets of the table: a string and a large string, a list and a large list differ in nothing else.
std::shared_ptr<RecordBatchReader> WithTableWidths(RecordBatchReader& data, const LanceSchema& table);

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
