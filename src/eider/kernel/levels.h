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

/// The masks straight from a bit-packed block of 1024 u16 levels (bitpack.h): 16 words, nothing is unpacked.
void PackedLevelsEqual(const uint8_t* packed, uint32_t width, uint16_t value, uint64_t* out);

/// Set bits in [0, n) of a mask.
size_t CountMask(const uint64_t* mask, size_t n);
/// Set bits in [begin, end) of a mask.
size_t CountMaskRange(const uint64_t* mask, size_t begin, size_t end);
/// Position of set bit number `rank` (from 0) of the first `num_words` words, or num_words x 64 when there are fewer.
size_t SelectMask(const uint64_t* mask, size_t num_words, size_t rank);
/// Position of the first set bit at or after `from`, or `n` when there is none before `n`.
size_t NextInMask(const uint64_t* mask, size_t n, size_t from);

}  // namespace eider::kernel
