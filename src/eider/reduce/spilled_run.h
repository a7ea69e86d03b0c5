#pragma once
/// \file
/// Rows of a spilled distinct, block by block.

#include <deque>
#include <optional>
#include <vector>

#include "eider/query/spilled_batches.h"

namespace eider::reduce {

/// The rows of all parts, or nullopt where one batch cannot hold them: dictionaries of fragments may have few values each, and together
/// more than a key can name.
std::optional<RecordBatch> JoinBatches(const SchemaPtr& schema, const std::vector<RecordBatch>& parts);

/// Batches one after the other in the file. Short ones are joined before they are written, where that can be, long ones cut.
class SpilledRun {
 public:
  /// `block_bytes`: written at once, or so.
  SpilledRun(query::SpilledBatches& file, uint64_t block_bytes) : file_(&file), block_bytes_(block_bytes) {}
  void Append(RecordBatch batch);
  /// Nothing more is appended.
  void Finish() { Flush(); }
  bool empty() const { return places_.empty(); }
  size_t num_blocks() const { return places_.size(); }
  /// The next block, in the order of Append. \pre Finish() was called, !empty()
  RecordBatch Pop();

 private:
  void Flush();
  query::SpilledBatches* file_;
  uint64_t block_bytes_;
  std::vector<RecordBatch> pending_;
  uint64_t pending_bytes_ = 0;
  std::deque<query::SpilledBatches::Place> places_;
};

}  // namespace eider::reduce
