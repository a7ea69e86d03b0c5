#pragma once
/// \file
/// Rows to sort as pairs of words, most of which are ordered by the bytes of the first one without a comparison.

#include <span>
#include <vector>

#include "eider/base/bytes.h"
#include "eider/base/memory.h"

namespace eider::query {

struct SortEntry {
  static constexpr int kRankShift = 56;
  static constexpr uint64_t kPlaceMask = (uint64_t{1} << kRankShift) - 1;

  uint64_t word;   ///< the first bytes of the key
  uint64_t place;  ///< the row's position, or where its record lies; the rank in the top byte

  SortEntry() = default;
  SortEntry(uint64_t first_word, uint8_t rank, uint64_t at) : word(first_word), place(uint64_t{rank} << kRankShift | at) {}
  uint8_t rank() const { return static_cast<uint8_t>(place >> kRankShift); }
};

using SortEntries = std::vector<SortEntry, PoolAllocator<SortEntry>>;

/// Of entries whose key is their rank and word: by these, then by position. Of others by their records too.
class EntryOrder {
 public:
  explicit EntryOrder(bool has_keys) : has_keys_(has_keys) {}
  /// Places count from `records`.
  explicit EntryOrder(const uint8_t* records) : has_keys_(true), records_(reinterpret_cast<uintptr_t>(records)) {}
  bool operator()(const SortEntry& a, const SortEntry& b) const {
    if (a.rank() != b.rank()) return a.rank() < b.rank();
    if (a.word != b.word) return a.word < b.word;
    return has_keys_ ? IsRecordBefore(a, b) : a.place < b.place;
  }

 private:
  bool IsRecordBefore(const SortEntry& a, const SortEntry& b) const;

  const bool has_keys_;
  const uintptr_t records_ = 0;
};

/// It takes as much memory again.
void Sort(SortEntries& entries, const EntryOrder& order);

}  // namespace eider::query
