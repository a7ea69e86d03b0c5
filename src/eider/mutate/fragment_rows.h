#pragma once
/// \file
/// Deals a stream of live rows out to the fragments of a table, as all physical rows of each: deleted rows get a filler.

#include <eider/array.h>

#include <functional>

#include "eider/rows/deletion_vector.h"

namespace eider::mutate {

class LiveRowStream {
 public:
  explicit LiveRowStream(RecordBatchReader& data) : data_(data) {}

  /// Takes the next live rows of a fragment from the stream and hands over `physical_rows` rows in batches. `deletions` may
  /// be null. \throws Error(kInvalid) when the stream ends too early.
  void Deal(uint64_t physical_rows, const rows::DeletionVector* deletions, const std::function<void(const RecordBatch&)>& write);
  /// \throws Error(kInvalid) when rows are left.
  void RequireEnd();

 private:
  bool Refill();
  RecordBatch TakeRows(int64_t count);

  RecordBatchReader& data_;
  std::optional<RecordBatch> batch_;
  int64_t used_ = 0;         ///< rows of batch_ dealt
  uint64_t dealt_ = 0;
};

}  // namespace eider::mutate
