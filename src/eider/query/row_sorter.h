#pragma once
/// \file
/// Sorts records in bounded memory: blocks are kept while they fit a share of the budget, then go to a temporary file as one run. Many such
/// files are merged into one, many of those into another, and what there is at the end into all. Where nothing was spilled, threads
/// merge the blocks into positions at once. Of records that no one wants no more are kept than it takes.

#include <optional>

#include "eider/base/memory_budget.h"
#include "eider/base/task_pool.h"
#include "eider/query/sorted_run.h"

namespace eider::query {

class RowSorter {
 public:
  /// The first `most` records are wanted. `pool` outlives this.
  RowSorter(MemoryBudget& budget, TaskPool& pool, uint64_t most);

  /// \pre block.Finish() was called
  void Add(SortedBlock block);
  /// Null: every record may be wanted.
  const SortBoundPtr& bound() const { return bound_; }
  /// No more blocks come.
  void Finish();

  /// The position of the next row. \pre Finish() was called
  std::optional<uint64_t> Next();
  /// Adds those of the next `most` rows.
  void Next(uint64_t most, std::vector<uint64_t>& out);
  bool exhausted() const { return !next_; }
  size_t num_spills() const { return num_spills_; }

 private:
  SortedRunPtr MergeBlocks();
  bool MergeAtOnce();
  using Files = std::vector<std::shared_ptr<const io::TemporaryFile>>;
  std::vector<SortedRunPtr> OpenFiles(Files files, size_t num_files) const;
  void Condense();
  void Spill();
  void AddFile(size_t level, SortedRun& run, size_t buffer_bytes);
  void Advance();

  MemoryBudget& budget_;
  TaskPool& pool_;
  const uint64_t most_;
  const uint64_t block_bytes_;  ///< of blocks, before they are spilled
  BudgetCharge charge_;
  std::vector<SortedBlock> blocks_;
  std::vector<Files> levels_;  ///< blocks that were spilled; then many of a level as one file of the next
  uint64_t records_ = 0, bytes_ = 0;  ///< in blocks_
  size_t num_spills_ = 0;
  SortBoundPtr bound_;
  BufferBuilder positions_;  ///< of all, if they were merged at once
  SortedRunPtr merged_;      ///< else
  uint64_t yielded_ = 0;
  std::optional<uint64_t> next_;
};

}  // namespace eider::query
