#pragma once
/// \file
/// Questions about runs of repetition or definition levels, answered 64 levels at a time as bit masks.
/// Masks are arrays of uint64_t, level i is bit i % 64 of word i / 64; bits after the last level are 0.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace eider::kernel {

constexpr size_t MaskWords(size_t num_levels) { return (num_levels + 63) / 64; }

/// out[i / 64] bit i % 64 = (levels[i] == value). `out` has MaskWords(levels.size()) words.
void LevelsEqual(std::span<const uint16_t> levels, uint16_t value, uint64_t* out);
/// out bit i = (levels[i] <= value).
void LevelsAtMost(std::span<const uint16_t> levels, uint16_t value, uint64_t* out);
/// Number of levels that are at most `value`.
size_t CountLevelsAtMost(std::span<const uint16_t> levels, uint16_t value);
/// The largest level, 0 when there is none.
uint16_t MaxLevel(std::span<const uint16_t> levels);

/// A list by its levels: an entry opens a slot of it, or of a list around it, when rep >= `number`; it lies inside the list when
/// def <= `inside`, and has a slot in the list's own region when def <= `outside`.
struct ListLevels {
  uint16_t number, inside, outside;
};
/// What an entry leaves behind; each has room for one element more than there are entries.
template <typename Offset>
struct OpenedLists {
  Offset* offsets = nullptr;     ///< of slot k: children of the slots before it, and of those that came before this call
  uint16_t* slot_def = nullptr;  ///< of slot k
  uint16_t *rep = nullptr, *def = nullptr;  ///< of the entries with rep >= number; may be where the levels are
};
struct ListCounts {
  size_t entries = 0, slots = 0;
  uint64_t children = 0;  ///< entries inside, those before this call included
  bool stray = false;     ///< an entry neither opens the list nor lies inside it
};
/// Adds to `counts.children`; the other counts begin at 0.
void OpenLists(std::span<const uint16_t> rep, std::span<const uint16_t> def, ListLevels list, const OpenedLists<int32_t>& out, ListCounts& counts);
void OpenLists(std::span<const uint16_t> rep, std::span<const uint16_t> def, ListLevels list, const OpenedLists<int64_t>& out, ListCounts& counts);

/// The masks straight from a bit-packed block of 1024 u16 levels (bitpack.h): 16 words, nothing is unpacked.
void PackedLevelsEqual(const uint8_t* packed, uint32_t width, uint16_t value, uint64_t* out);

/// Levels [first, first + n) of a packed block, n <= 1024 - first: neighbours lie in neighbouring words, at the same bits.
void ExtractPackedLevels(const uint8_t* packed, uint32_t width, uint32_t first, std::span<uint16_t> out);

/// Sets bits [begin, end).
void SetMaskBits(uint64_t* mask, size_t begin, size_t end);
/// before[w] = set bits before word w; before[num_words] = all of them.
void RankMask(const uint64_t* mask, size_t num_words, uint32_t* before);
/// Set bits in [0, i) of a ranked mask.
inline size_t CountBefore(const uint64_t* mask, const uint32_t* before, size_t i) {
  if (i % 64 == 0) return before[i / 64];
  // Not std::popcount: without a newer instruction set that is a call.
  uint64_t x = mask[i / 64] & (~uint64_t{0} >> (64 - i % 64));
  x -= (x >> 1) & 0x5555555555555555u;
  x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
  x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
  return before[i / 64] + (x * 0x0101010101010101u >> 56);
}
/// Position of set bit number `rank` (from 0) of a ranked mask, or num_words x 64 when there are fewer.
size_t SelectMask(const uint64_t* mask, const uint32_t* before, size_t num_words, size_t rank);
/// Position of the first set bit at or after `from`, or `n` when there is none before `n`.
size_t NextInMask(const uint64_t* mask, size_t n, size_t from);

}  // namespace eider::kernel
