#pragma once
/// \file
/// Constant-time search in ascending starts: which chunk holds a value or starts a row. A coarse table leads to a short range of
/// chunks; its size is bounded by the number of chunks, not by what they claim to hold.

#include <cstdint>
#include <span>
#include <vector>

namespace eider::page {

class RowIndex {
 public:
  RowIndex() = default;
  /// `starts` has one entry per chunk and a last one, the total; ascending, starts[0] == 0. Kept.
  explicit RowIndex(std::vector<uint32_t> starts);

  size_t num_chunks() const { return starts_.size() - 1; }
  uint32_t total() const { return starts_.back(); }
  uint32_t start(size_t chunk) const { return starts_[chunk]; }
  uint32_t count(size_t chunk) const { return starts_[chunk + 1] - starts_[chunk]; }
  /// The last chunk whose start is <= row, among those that are not empty. `row` < total().
  size_t Find(uint32_t row) const {
    size_t low = table_[row >> shift_];
    size_t high = table_[(row >> shift_) + 1];
    while (low < high) {
      const size_t middle = (low + high + 1) / 2;
      if (starts_[middle] <= row) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /// Ask memory for what Find(row) will look at, first the table, then what it leads to; the latter returns about the chunk.
  void PrefetchRow(uint32_t row) const { __builtin_prefetch(table_.data() + (row >> shift_)); }
  size_t PrefetchStarts(uint32_t row) const {
    const size_t low = table_[row >> shift_];
    __builtin_prefetch(starts_.data() + low);
    return low;
  }

  void Prefetch() const {
    __builtin_prefetch(starts_.data());
    __builtin_prefetch(table_.data());
  }

 private:
  std::vector<uint32_t> starts_;
  std::vector<uint32_t> table_;  // table_[b]: Find(b << shift_)
  int shift_ = 0;
};

}  // namespace eider::page
