#pragma once
/// \file
/// Sorted records one after the other, from memory or from a temporary file, and many such runs merged into one.

#include <memory>
#include <vector>

#include "eider/io/temporary_file.h"
#include "eider/query/sorted_block.h"

namespace eider::query {

class SortedRun {
 public:
  virtual ~SortedRun() = default;
  /// The next record, whose bytes live until the next call; false at the end.
  virtual bool Next(SortRecord& record) = 0;
  /// A bound of the memory that reading takes, beside the longest record.
  virtual uint64_t memory_bytes() const = 0;
};
using SortedRunPtr = std::unique_ptr<SortedRun>;

SortedRunPtr RunOfBlock(SortedBlock block);
/// Reads `buffer_bytes` at once.
SortedRunPtr RunOfFile(std::shared_ptr<const io::TemporaryFile> file, size_t buffer_bytes);
/// What `run` yields, up to `most` records, in a temporary file. The last one becomes `last` if there are `most`.
std::shared_ptr<const io::TemporaryFile> WriteRun(SortedRun& run, uint64_t most, size_t buffer_bytes, SortBoundPtr* last);

/// A tree of losers over the runs: one comparison a level for each record.
class MergedRun final : public SortedRun {
 public:
  explicit MergedRun(std::vector<SortedRunPtr> runs);
  bool Next(SortRecord& record) override;
  uint64_t memory_bytes() const override;

 private:
  struct Head {
    SortRecord record;
    bool done = false;
  };
  bool IsBefore(size_t a, size_t b) const;
  void Advance(size_t run) { heads_[run].done = !runs_[run]->Next(heads_[run].record); }
  void Replay(size_t run);

  std::vector<SortedRunPtr> runs_;
  std::vector<Head> heads_;
  std::vector<size_t> losers_;  ///< by node; [0] is the winner
  bool begun_ = false;
};

}  // namespace eider::query
