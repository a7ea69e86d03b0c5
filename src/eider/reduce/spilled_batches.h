#pragma once
/// \file
/// Batches in a temporary file, read back whole. Only this process reads them, so that bytes are trusted. For one thread.

#include <eider/array.h>

#include <deque>
#include <optional>
#include <vector>

#include "eider/io/temporary_file.h"

namespace eider::reduce {

class SpilledBatches {
 public:
  explicit SpilledBatches(SchemaPtr schema);
  const SchemaPtr& schema() const { return schema_; }
  struct Place {
    uint64_t offset = 0, bytes = 0;
  };
  /// Its window alone, of dictionaries the values that are used.
  Place Append(const RecordBatch& batch);
  RecordBatch Read(const Place& place) const;

 private:
  const SchemaPtr schema_;
  io::TemporaryFile file_;
};

/// The rows of all parts, or nullopt where one batch cannot hold them: dictionaries of fragments may have few values each, and together
/// more than a key can name.
std::optional<RecordBatch> JoinBatches(const SchemaPtr& schema, const std::vector<RecordBatch>& parts);

RecordBatch SliceRows(const RecordBatch& batch, int64_t first, int64_t count);

/// Batches one after the other in the file. Short ones are joined before they are written, where that can be, long ones cut.
class SpilledRun {
 public:
  /// `block_bytes`: written at once, or so.
  SpilledRun(SpilledBatches& file, uint64_t block_bytes) : file_(&file), block_bytes_(block_bytes) {}
  void Append(RecordBatch batch);
  /// Nothing more is appended.
  void Finish() { Flush(); }
  bool empty() const { return places_.empty(); }
  size_t num_blocks() const { return places_.size(); }
  /// The next block, in the order of Append. \pre Finish() was called, !empty()
  RecordBatch Pop();

 private:
  void Flush();
  SpilledBatches* file_;
  uint64_t block_bytes_;
  std::vector<RecordBatch> pending_;
  uint64_t pending_bytes_ = 0;
  std::deque<SpilledBatches::Place> places_;
};

}  // namespace eider::reduce
