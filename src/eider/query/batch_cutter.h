#pragma once
/// \file
/// Cuts what was read at once into batches, and joins what is too short for one.

#include <eider/scan_options.h>

#include <deque>

#include "eider/array/concat.h"

namespace eider::query {

struct BatchLimits {
  uint64_t rows = 8192;
  uint64_t bytes = 0;    ///< of a batch; 0: no bound
  bool exact = false;    ///< every batch but the last has `rows` rows
};

/// Rows of a batch when a row takes `row_bytes`. A batch may have up to 4 times `soft_bytes` rather than fewer rows.
uint64_t BatchRows(const BatchLimits& limits, uint64_t row_bytes, uint64_t soft_bytes);

class BatchCutter {
 public:
  BatchCutter(const BatchLimits& limits, uint64_t soft_bytes) : limits_(limits), soft_bytes_(soft_bytes) {}
  /// More rows; with `joins` a batch may hold them together with those before.
  void Push(RecordBatch batch, bool joins);
  /// The next batch; none when that takes more rows. At the end, what is left.
  std::optional<RecordBatch> Pop(bool at_end);

 private:
  struct Piece {
    RecordBatch batch;
    int64_t begin = 0;
    bool joins = false;
    uint64_t row_bytes = 1;
    int64_t size() const { return batch.num_rows - begin; }
  };
  RecordBatch Emit(int64_t rows);

  const BatchLimits limits_;
  const uint64_t soft_bytes_;
  std::deque<Piece> pieces_;
};

/// Dictionaries that are joined may have more values than their keys can name.
bool HasDictionary(const Field& field);

/// All rows of `parts`, of which there is one at least.
RecordBatch ConcatBatches(const SchemaPtr& schema, std::vector<RecordBatch> parts);

}  // namespace eider::query
