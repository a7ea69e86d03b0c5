#include "eider/query/block_merge.h"

#include <algorithm>
#include <numeric>

namespace eider::query {
namespace {

/// About what a range has; entries and their copy then stay in a core's cache.
constexpr uint64_t kRangeRecords = 16 << 10;
/// Of so many records one is looked at where ranges are chosen.
constexpr uint64_t kSampledOf = 256;

/// The first records of all ranges but the first one.
std::vector<SortRecord> ChooseSplitters(std::span<const SortedBlock> blocks) {
  std::vector<SortRecord> samples;
  for (const SortedBlock& block : blocks) {
    for (size_t i = kSampledOf / 2; i < block.size(); i += kSampledOf) samples.push_back(block[i]);
  }
  std::sort(samples.begin(), samples.end());
  std::vector<SortRecord> splitters;
  constexpr size_t kStep = kRangeRecords / kSampledOf;
  for (size_t i = kStep; i < samples.size(); i += kStep) splitters.push_back(samples[i]);
  return splitters;
}

class BlockMerge {
 public:
  BlockMerge(std::span<const SortedBlock> blocks, uint64_t most) : blocks_(blocks), splitters_(ChooseSplitters(blocks)) {
    uint64_t records = 0;
    for (const SortedBlock& block : blocks) records += block.size();
    positions_.Resize(std::min(records, most) * 8);
  }

  BufferBuilder Run(TaskPool& pool) {
    begins_.resize(splitters_.size() + 2);
    pool.ParallelFor(begins_.size(), [this](size_t range) { begins_[range] = FindBegins(range); });
    pool.ParallelFor(begins_.size() - 1, [this](size_t range) { MergeRange(range); });
    return std::move(positions_);
  }

 private:
  /// Where a range begins in each block.
  std::vector<size_t> FindBegins(size_t range) const {
    std::vector<size_t> begins;
    for (const SortedBlock& block : blocks_) {
      if (range == 0) begins.push_back(0);
      else if (range > splitters_.size()) begins.push_back(block.size());
      else begins.push_back(block.LowerBound(splitters_[range - 1]));
    }
    return begins;
  }

  /// Records of the ranges before.
  uint64_t CountUpTo(size_t range) const { return std::accumulate(begins_[range].begin(), begins_[range].end(), uint64_t{0}); }

  void MergeRange(size_t range) {
    CheckInterrupt();
    const uint64_t first = CountUpTo(range), wanted = positions_.size() / 8;
    if (first >= wanted) return;
    SortEntries entries;
    entries.reserve(CountUpTo(range + 1) - first);
    for (size_t i = 0; i < blocks_.size(); ++i) blocks_[i].CopyEntries(begins_[range][i], begins_[range + 1][i], entries);
    const bool has_keys = !blocks_[0].is_short();
    if (blocks_.size() > 1) Sort(entries, EntryOrder(has_keys));
    uint64_t* out = positions_.as<uint64_t>() + first;
    const size_t size = std::min<uint64_t>(entries.size(), wanted - first);
    for (size_t i = 0; i < size; ++i) {
      const uint64_t place = entries[i].place & SortEntry::kPlaceMask;
      out[i] = has_keys ? LoadLe<uint64_t>(reinterpret_cast<const uint8_t*>(static_cast<uintptr_t>(place))) : place;
    }
  }

  const std::span<const SortedBlock> blocks_;
  const std::vector<SortRecord> splitters_;
  std::vector<std::vector<size_t>> begins_;  ///< by range, then by block; one more range, where all end
  BufferBuilder positions_;
};

}  // namespace

// A range may have some more than it should; its entries are there twice.
uint64_t MergeBytes(int num_threads) { return static_cast<uint64_t>(num_threads + 1) * 2 * 2 * kRangeRecords * sizeof(SortEntry); }

BufferBuilder MergePositions(std::span<const SortedBlock> blocks, uint64_t most, TaskPool& pool) {
  return BlockMerge(blocks, most).Run(pool);
}

}  // namespace eider::query
