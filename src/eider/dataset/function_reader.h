#pragma once
/// \file
/// A stream of batches computed by a caller's function from another stream, row for row.

#include <eider/dataset.h>

#include "eider/base/error.h"

namespace eider {

class FunctionReader : public RecordBatchReader {
 public:
  FunctionReader(std::unique_ptr<RecordBatchReader> input, const BatchFunction& function, const Schema& output_schema)
      : input_(std::move(input)), function_(function), schema_(std::make_shared<const Schema>(output_schema)) {}

  const SchemaPtr& schema() const override { return schema_; }

  /// \throws Error(kInvalid) when the function changes the number of rows.
  std::optional<RecordBatch> Next() override {
    std::optional<RecordBatch> batch = input_->Next();
    if (!batch) return std::nullopt;
    RecordBatch computed = function_(*batch);
    if (computed.num_rows != batch->num_rows) {
      throw Invalid("the function returned {} rows for a batch of {}", computed.num_rows, batch->num_rows);
    }
    return computed;
  }

 private:
  const std::unique_ptr<RecordBatchReader> input_;
  const BatchFunction& function_;
  const SchemaPtr schema_;
};

}  // namespace eider
