#include "eider/query/row_sorter.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "eider/query/block_merge.h"

namespace eider::query {
namespace {

/// Of so few the best are chosen after every block, so that the bound is sharp.
constexpr uint64_t kFewRecords = 1024;
constexpr size_t kMostFiles = 64;
constexpr const char* kWhat = "rows to sort";

}  // namespace

RowSorter::RowSorter(MemoryBudget& budget, TaskPool& pool, uint64_t most)
    : budget_(budget),
      pool_(pool),
      most_(most),
      block_bytes_(std::max<uint64_t>(budget.limit_bytes() / 4, 64 << 10)),
      charge_(budget, 0, kWhat) {}

void RowSorter::Add(SortedBlock block) {
  if (block.size() == 0) return;
  const uint64_t more = block.memory_bytes(), limit = budget_.limit_bytes();
  // Others may use the budget meanwhile: then this makes room earlier.
  const bool is_tight = bytes_ + more > block_bytes_ || budget_.used_bytes() + more > limit - limit / 8;
  if (is_tight && !blocks_.empty()) Spill();
  charge_.Resize(bytes_ + more, kWhat);
  bytes_ += more;
  records_ += block.size();
  blocks_.push_back(std::move(block));
  const bool has_enough = records_ >= most_ && (!bound_ || most_ <= kFewRecords || records_ - most_ >= most_);
  if (has_enough) Condense();
}

SortedRunPtr RowSorter::MergeBlocks() {
  std::vector<SortedRunPtr> runs;
  for (SortedBlock& block : blocks_) runs.push_back(RunOfBlock(std::move(block)));
  blocks_.clear();
  records_ = bytes_ = 0;
  if (runs.size() == 1) return std::move(runs[0]);
  return std::make_unique<MergedRun>(std::move(runs));
}

// Leaves the best records of all blocks, as one block.
void RowSorter::Condense() {
  SortedBlock kept(most_);
  {
    const SortedRunPtr merged = MergeBlocks();
    SortRecord record;
    while (kept.size() < most_ && merged->Next(record)) kept.Add(record);
  }
  if (kept.size() == most_) bound_ = std::make_shared<const SortBound>(kept[most_ - 1]);
  bytes_ = kept.memory_bytes();
  records_ = kept.size();
  charge_.Resize(bytes_, kWhat);
  blocks_.push_back(std::move(kept));
}

void RowSorter::Spill() {
  AddFile(0, *MergeBlocks(), std::clamp<uint64_t>(budget_.limit_bytes() / 64, 4 << 10, 256 << 10));
  ++num_spills_;
}

void RowSorter::AddFile(size_t level, SortedRun& run, size_t buffer_bytes) {
  if (level == levels_.size()) levels_.emplace_back();
  SortBoundPtr last;
  levels_[level].push_back(WriteRun(run, most_, buffer_bytes, &last));
  if (last && (!bound_ || last->record() < bound_->record())) bound_ = last;
  charge_.Resize(0, kWhat);
  if (levels_[level].size() < kMostFiles) return;
  MergedRun merged(OpenFiles(std::exchange(levels_[level], {}), kMostFiles));
  charge_.Resize(merged.memory_bytes(), kWhat);
  AddFile(level + 1, merged, 256 << 10);
}

std::vector<SortedRunPtr> RowSorter::OpenFiles(Files files, size_t num_files) const {
  const uint64_t share = budget_.limit_bytes() / 8 / num_files;
  std::vector<SortedRunPtr> runs;
  for (auto& file : files) runs.push_back(RunOfFile(std::move(file), std::clamp<uint64_t>(share, 4 << 10, 256 << 10)));
  return runs;
}

// False where files have some of the records, or memory is short.
bool RowSorter::MergeAtOnce() {
  if (blocks_.empty() || !levels_.empty()) return false;
  const uint64_t more = std::min(records_, most_) * 8 + MergeBytes(pool_.num_threads()), limit = budget_.limit_bytes();
  if (budget_.used_bytes() + more > limit - limit / 8) return false;
  charge_.Resize(bytes_ + more, kWhat);
  positions_ = MergePositions(blocks_, most_, pool_);
  blocks_.clear();
  charge_.Resize(positions_.capacity(), kWhat);
  return true;
}

void RowSorter::Finish() {
  if (MergeAtOnce()) return Advance();
  size_t num_files = 0;
  for (const Files& files : levels_) num_files += files.size();
  std::vector<SortedRunPtr> runs;
  for (Files& files : levels_) std::ranges::move(OpenFiles(std::move(files), num_files), std::back_inserter(runs));
  levels_.clear();
  if (!blocks_.empty()) runs.push_back(MergeBlocks());
  merged_ = runs.size() == 1 ? std::move(runs[0]) : std::make_unique<MergedRun>(std::move(runs));
  charge_.Resize(merged_->memory_bytes(), kWhat);
  Advance();
}

void RowSorter::Advance() {
  SortRecord record;
  next_.reset();
  if (!merged_) {
    if (yielded_ < positions_.size() / 8) next_ = positions_.as<uint64_t>()[yielded_];
  } else if (yielded_ < most_ && merged_->Next(record)) {
    next_ = record.position;
  }
  ++yielded_;
}

std::optional<uint64_t> RowSorter::Next() {
  const std::optional<uint64_t> position = next_;
  if (position) Advance();
  return position;
}

void RowSorter::Next(uint64_t most, std::vector<uint64_t>& out) {
  if (merged_) {
    for (; most > 0 && next_; --most) out.push_back(*Next());
  } else if (next_ && most > 0) {
    const std::span<const uint64_t> left = std::span(positions_.as<uint64_t>(), positions_.size() / 8).subspan(yielded_ - 1);
    const size_t rows = std::min<uint64_t>(most, left.size());
    out.insert(out.end(), left.begin(), left.begin() + static_cast<ptrdiff_t>(rows));
    yielded_ += rows - 1;
    Advance();
  }
}

}  // namespace eider::query
