#include "eider/kernel/levels.h"

#include <algorithm>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "eider/kernel/bitpack.h"

namespace eider::kernel {
namespace {

#if defined(__SSE2__)
// 16 flags (0 or -1 in 16-bit lanes) to 16 bits.
inline uint64_t MaskOf(__m128i low, __m128i high) {
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(low, high)));
}
struct Equal {
  __m128i value;
  explicit Equal(uint16_t v) : value(_mm_set1_epi16(static_cast<int16_t>(v))) {}
  __m128i operator()(__m128i x) const { return _mm_cmpeq_epi16(x, value); }
};
struct AtMost {
  __m128i value;
  explicit AtMost(uint16_t v) : value(_mm_set1_epi16(static_cast<int16_t>(v))) {}
  // x <= v, unsigned, exactly when the saturating difference is 0.
  __m128i operator()(__m128i x) const { return _mm_cmpeq_epi16(_mm_subs_epu16(x, value), _mm_setzero_si128()); }
};
template <typename Test>
uint64_t Mask64(const uint16_t* levels, const Test& test) {
  uint64_t mask = 0;
  for (int i = 0; i < 4; ++i) {
    const auto* p = reinterpret_cast<const __m128i*>(levels + 16 * i);
    mask |= MaskOf(test(_mm_loadu_si128(p)), test(_mm_loadu_si128(p + 1))) << (16 * i);
  }
  return mask;
}
#else
struct Equal {
  uint16_t value;
  explicit Equal(uint16_t v) : value(v) {}
  bool operator()(uint16_t x) const { return x == value; }
};
struct AtMost {
  uint16_t value;
  explicit AtMost(uint16_t v) : value(v) {}
  bool operator()(uint16_t x) const { return x <= value; }
};
template <typename Test>
uint64_t Mask64(const uint16_t* levels, const Test& test) {
  uint64_t mask = 0;
  for (int i = 0; i < 64; ++i) mask |= uint64_t{test(levels[i])} << i;
  return mask;
}
#endif

template <typename Test>
void FillMask(std::span<const uint16_t> levels, const Test& test, uint64_t* out) {
  size_t i = 0;
  for (; i + 64 <= levels.size(); i += 64) *out++ = Mask64(levels.data() + i, test);
  if (i < levels.size()) {
    uint16_t tail[64] = {};
    std::memcpy(tail, levels.data() + i, 2 * (levels.size() - i));
    *out = Mask64(tail, test) & (~uint64_t{0} >> (64 - (levels.size() - i)));
  }
}

template <typename Test>
size_t CountMatches(std::span<const uint16_t> levels, const Test& test) {
  size_t count = 0;
  size_t i = 0;
  for (; i + 64 <= levels.size(); i += 64) count += std::popcount(Mask64(levels.data() + i, test));
  uint64_t tail = 0;
  if (i < levels.size()) FillMask(levels.subspan(i), test, &tail);
  return count + std::popcount(tail);
}

}  // namespace

void LevelsEqual(std::span<const uint16_t> levels, uint16_t value, uint64_t* out) { FillMask(levels, Equal(value), out); }
void LevelsAtMost(std::span<const uint16_t> levels, uint16_t value, uint64_t* out) { FillMask(levels, AtMost(value), out); }
size_t CountLevelsAtMost(std::span<const uint16_t> levels, uint16_t value) { return CountMatches(levels, AtMost(value)); }

uint16_t MaxLevel(std::span<const uint16_t> levels) {
  uint16_t max = 0;
  for (const uint16_t level : levels) max = std::max(max, level);
  return max;
}

void PackedLevelsEqual(const uint8_t* packed, uint32_t width, uint16_t value, uint64_t* out) {
  // Row r of the 64 lanes is 64 neighbouring levels, so a row gives one mask word.
  constexpr uint32_t kLanes = 64;
  if (width == 0 || (width < 16 && value >> width != 0)) {
    std::fill_n(out, 16, width == 0 && value == 0 ? ~uint64_t{0} : 0);
    return;
  }
  const uint16_t mask = static_cast<uint16_t>(0xFFFFu >> (16 - width));
#if defined(__SSE2__)
  // The value is shifted to the levels, not the levels to the value: one `and` and one comparison per word.
  const auto test = [](const uint8_t* words, uint32_t bits, uint32_t value) {
    const __m128i m = _mm_set1_epi16(static_cast<int16_t>(bits)), v = _mm_set1_epi16(static_cast<int16_t>(value));
    uint64_t result = 0;
    for (int i = 0; i < 4; ++i) {
      const auto* x = reinterpret_cast<const __m128i*>(words + 32 * i);
      result |= MaskOf(_mm_cmpeq_epi16(_mm_and_si128(_mm_loadu_si128(x), m), v),
                       _mm_cmpeq_epi16(_mm_and_si128(_mm_loadu_si128(x + 1), m), v)) << (16 * i);
    }
    return result;
  };
  for (uint32_t row = 0; row < 16; ++row) {
    const uint8_t* words = packed + 2 * kLanes * (row * width / 16);
    const uint32_t shift = row * width % 16;
    uint64_t equal = test(words, (mask << shift) & 0xFFFFu, (value << shift) & 0xFFFFu);
    if (shift + width > 16) equal &= test(words + 2 * kLanes, mask >> (16 - shift), value >> (16 - shift));
    out[(kPackedRowOrder[row / 8] * 16 + row % 8 * 128) / 64] = equal;
  }
#else
  for (uint32_t row = 0; row < 16; ++row) {
    const uint32_t word = row * width / 16;
    const uint32_t shift = row * width % 16;
    const bool straddles = shift + width > 16;
    uint16_t low[kLanes], high[kLanes];
    std::memcpy(low, packed + 2 * kLanes * word, sizeof(low));
    if (straddles) {
      std::memcpy(high, packed + 2 * kLanes * (word + 1), sizeof(high));
      for (uint32_t i = 0; i < kLanes; ++i) low[i] = static_cast<uint16_t>(((low[i] >> shift) | (high[i] << (16 - shift))) & mask);
    } else {
      for (uint32_t i = 0; i < kLanes; ++i) low[i] = static_cast<uint16_t>((low[i] >> shift) & mask);
    }
    out[(kPackedRowOrder[row / 8] * 16 + row % 8 * 128) / 64] = Mask64(low, Equal(value));
  }
#endif
}

size_t CountMask(const uint64_t* mask, size_t n) {
  size_t count = 0;
  for (size_t word = 0; word < n / 64; ++word) count += std::popcount(mask[word]);
  if (n % 64 != 0) count += std::popcount(mask[n / 64] & (~uint64_t{0} >> (64 - n % 64)));
  return count;
}

size_t CountMaskRange(const uint64_t* mask, size_t begin, size_t end) {
  if (begin >= end) return 0;
  const size_t word = begin / 64;
  return CountMask(mask + word, end - 64 * word) - CountMask(mask + word, begin - 64 * word);
}

size_t SelectMask(const uint64_t* mask, size_t num_words, size_t rank) {
  for (size_t word = 0; word < num_words; ++word) {
    uint64_t bits = mask[word];
    const size_t count = std::popcount(bits);
    if (rank >= count) {
      rank -= count;
      continue;
    }
    while (rank-- > 0) bits &= bits - 1;
    return 64 * word + std::countr_zero(bits);
  }
  return 64 * num_words;
}

size_t NextInMask(const uint64_t* mask, size_t n, size_t from) {
  if (from >= n) return n;
  const size_t words = MaskWords(n);
  size_t word = from / 64;
  uint64_t bits = mask[word] & (~uint64_t{0} << (from % 64));
  while (bits == 0) {
    if (++word == words) return n;
    bits = mask[word];
  }
  return std::min<size_t>(n, 64 * word + std::countr_zero(bits));
}

}  // namespace eider::kernel
