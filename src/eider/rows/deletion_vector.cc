#include "eider/rows/deletion_vector.h"

#include <algorithm>
#include <bit>

#include "eider/rows/portable_roaring.h"

namespace eider::rows {
namespace {

constexpr uint64_t kBlockRows = 512;
constexpr uint64_t kBlockWords = kBlockRows / 64;
/// From one deletion in this many rows on, the bitmap is the smaller form.
constexpr uint64_t kDenseFrom = 32;

/// Position of the k-th set bit of a word that has more than k of them.
uint64_t SelectInWord(uint64_t word, uint64_t k) {
  for (; k > 0; --k) word &= word - 1;
  return static_cast<uint64_t>(std::countr_zero(word));
}

void CheckNumRows(uint64_t num_rows) {
  if (num_rows > uint64_t{1} << 32) throw Corrupt("deletion vector: a fragment of {} rows", num_rows);
}

}  // namespace

DeletionVector::DeletionVector(uint64_t num_rows, uint64_t num_deleted) : num_rows_(num_rows), num_deleted_(num_deleted) {
  if (num_deleted * kDenseFrom < num_rows || num_rows == 0) {
    sorted_.reserve(num_deleted);
    return;
  }
  live_bits_.assign(CeilDiv(num_rows, kBlockRows) * kBlockWords, 0);
  FillBits(reinterpret_cast<uint8_t*>(live_bits_.data()), 0, num_rows, true);
}

void DeletionVector::DeleteRun(uint32_t first, uint32_t count) {
  if (dense()) {
    FillBits(reinterpret_cast<uint8_t*>(live_bits_.data()), first, count, false);
  } else {
    for (uint32_t i = 0; i < count; ++i) sorted_.push_back(first + i);
  }
}

void DeletionVector::IndexBitmap() {
  if (!dense()) return;
  uint64_t live = 0;
  for (size_t block = 0; block * kBlockWords < live_bits_.size(); ++block) {
    live_before_.push_back(static_cast<uint32_t>(live));
    uint64_t in_block = 0;
    for (size_t w = 0; w < kBlockWords; ++w) in_block += std::popcount(live_bits_[block * kBlockWords + w]);
    live += in_block;
    while (select_hint_.size() * kBlockRows < live) select_hint_.push_back(static_cast<uint32_t>(block));
  }
}

DeletionVectorPtr DeletionVector::FromOffsets(std::vector<uint32_t> offsets, uint64_t num_rows) {
  CheckNumRows(num_rows);
  if (!std::ranges::is_sorted(offsets)) std::ranges::sort(offsets);
  if (const auto twice = std::adjacent_find(offsets.begin(), offsets.end()); twice != offsets.end()) {
    throw Corrupt("deletion vector: row {} is listed twice", *twice);
  }
  if (!offsets.empty() && offsets.back() >= num_rows) {
    throw Corrupt("deletion vector: row {} of a fragment of {} rows", offsets.back(), num_rows);
  }
  std::shared_ptr<DeletionVector> vector(new DeletionVector(num_rows, offsets.size()));
  if (!vector->dense()) {
    vector->sorted_ = std::move(offsets);
    return vector;
  }
  for (const uint32_t offset : offsets) vector->DeleteRun(offset, 1);
  vector->IndexBitmap();
  return vector;
}

DeletionVectorPtr DeletionVector::FromRoaring(ByteSpan bytes, uint64_t num_rows) {
  CheckNumRows(num_rows);
  uint64_t num_deleted = 0;
  VisitPortableRoaring(bytes, [&](uint32_t first, uint32_t count) {
    if (uint64_t{first} + count > num_rows) {
      throw Corrupt("deletion vector: rows [{}, +{}) of a fragment of {} rows", first, count, num_rows);
    }
    num_deleted += count;
  });
  std::shared_ptr<DeletionVector> vector(new DeletionVector(num_rows, num_deleted));
  VisitPortableRoaring(bytes, [&](uint32_t first, uint32_t count) { vector->DeleteRun(first, count); });
  vector->IndexBitmap();
  return vector;
}

bool DeletionVector::IsDeleted(uint64_t offset) const {
  EIDER_ASSERT(offset < num_rows_);
  if (dense()) return ((live_bits_[offset / 64] >> (offset % 64)) & 1) == 0;
  return std::binary_search(sorted_.begin(), sorted_.end(), offset);
}

uint64_t DeletionVector::CountLive(uint64_t offset) const {
  EIDER_ASSERT(offset <= num_rows_);
  if (offset == num_rows_) return num_live();
  if (!dense()) return offset - static_cast<uint64_t>(std::lower_bound(sorted_.begin(), sorted_.end(), offset) - sorted_.begin());
  const size_t block = offset / kBlockRows;
  uint64_t live = live_before_[block];
  for (size_t word = block * kBlockWords; word < offset / 64; ++word) live += static_cast<uint64_t>(std::popcount(live_bits_[word]));
  return live + static_cast<uint64_t>(std::popcount(live_bits_[offset / 64] & ((uint64_t{1} << (offset % 64)) - 1)));
}

uint64_t DeletionVector::SelectInBitmap(uint64_t k) const {
  size_t block = select_hint_[k / kBlockRows];
  while (block + 1 < live_before_.size() && live_before_[block + 1] <= k) ++block;
  uint64_t left = k - live_before_[block];
  for (size_t word = block * kBlockWords;; ++word) {
    const auto here = static_cast<uint64_t>(std::popcount(live_bits_[word]));
    if (left < here) return word * 64 + SelectInWord(live_bits_[word], left);
    left -= here;
  }
}

uint64_t DeletionVector::PhysicalOffset(uint64_t k) const {
  EIDER_ASSERT(k < num_live());
  if (dense()) return SelectInBitmap(k);
  // sorted_[i] - i live rows lie before deletion i: the deletions before live row k are those with at most k of them.
  size_t low = 0;
  size_t high = sorted_.size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (sorted_[middle] - middle <= k) low = middle + 1;
    else high = middle;
  }
  return k + low;
}

void DeletionVector::PhysicalOffsets(std::span<const uint64_t> live, std::span<uint64_t> out) const {
  for (size_t i = 0; i < live.size(); ++i) out[i] = PhysicalOffset(live[i]);
}

std::vector<RowRange> DeletionVector::LiveRanges(uint64_t first, uint64_t count) const {
  EIDER_ASSERT(first + count <= num_rows_);
  std::vector<RowRange> ranges;
  const auto add = [&](uint64_t from, uint64_t to) {
    if (from < to) ranges.push_back({from, to - from});
  };
  const uint64_t end = first + count;
  if (!dense()) {
    uint64_t from = first;
    for (auto it = std::lower_bound(sorted_.begin(), sorted_.end(), first); it != sorted_.end() && *it < end; ++it) {
      add(from, *it);
      from = uint64_t{*it} + 1;
    }
    add(from, end);
    return ranges;
  }
  // First row >= `at` (up to `end`) that is live, or that is deleted.
  const auto find = [&](uint64_t at, bool live) {
    while (at < end) {
      uint64_t word = live_bits_[at / 64];
      if (!live) word = ~word;
      word >>= at % 64;
      if (word != 0) return std::min<uint64_t>(at + static_cast<uint64_t>(std::countr_zero(word)), end);
      at = (at / 64 + 1) * 64;
    }
    return end;
  };
  for (uint64_t at = find(first, true); at < end;) {
    const uint64_t stop = find(at, false);
    add(at, stop);
    at = find(stop, true);
  }
  return ranges;
}

std::vector<uint32_t> DeletionVector::Offsets() const {
  if (!dense()) return sorted_;
  std::vector<uint32_t> offsets;
  offsets.reserve(num_deleted_);
  for (size_t word = 0; word < live_bits_.size(); ++word) {
    for (uint64_t deleted = ~live_bits_[word]; deleted != 0; deleted &= deleted - 1) {
      const uint64_t row = word * 64 + static_cast<uint64_t>(std::countr_zero(deleted));
      if (row < num_rows_) offsets.push_back(static_cast<uint32_t>(row));
    }
  }
  return offsets;
}

std::string DeletionVector::ToRoaring() const { return ToPortableRoaring(Offsets()); }

}  // namespace eider::rows
