#include "eider/kernel/levels.h"

#include <algorithm>

#include "eider/kernel/bitpack.h"
#include "eider/kernel/scan.h"

namespace eider::kernel {

uint16_t MaxLevel(std::span<const uint16_t> levels) {
  uint16_t max = 0;
  for (const uint16_t level : levels) max = std::max(max, level);
  return max;
}

void ExtractPackedLevels(const uint8_t* packed, uint32_t width, uint32_t first, std::span<uint16_t> out) {
  if (width == 0) return void(std::fill(out.begin(), out.end(), uint16_t{0}));
  const auto mask = static_cast<uint16_t>(0xFFFFu >> (16 - width));
  for (size_t done = 0; done < out.size();) {
    const uint32_t index = first + static_cast<uint32_t>(done), lane = index % 64;
    const size_t n = std::min<size_t>(64 - lane, out.size() - done);
    const uint32_t row = kPackedRowOrder[index % 128 / 64 * 4] * 8 + index / 128;
    const uint32_t word = row * width / 16, shift = row * width % 16;
    // The last word has no successor; nothing of it is wanted there.
    const uint32_t next = word + (shift + width > 16);
    for (size_t i = 0; i < n; ++i) {
      const uint32_t low = LoadUnaligned<uint16_t>(packed + 128 * word + 2 * (lane + i));
      const uint32_t high = LoadUnaligned<uint16_t>(packed + 128 * next + 2 * (lane + i));
      out[done + i] = static_cast<uint16_t>((low | high << 16) >> shift & mask);
    }
    done += n;
  }
}

void SetMaskBits(uint64_t* mask, size_t begin, size_t end) {
  if (begin >= end) return;
  const size_t first = begin / 64, last = (end - 1) / 64;
  const uint64_t from = ~uint64_t{0} << (begin % 64), to = ~uint64_t{0} >> (63 - (end - 1) % 64);
  if (first == last) {
    mask[first] |= from & to;
    return;
  }
  mask[first] |= from;
  for (size_t word = first + 1; word < last; ++word) mask[word] = ~uint64_t{0};
  mask[last] |= to;
}

size_t SelectMask(const uint64_t* mask, const uint32_t* before, size_t num_words, size_t rank) {
  if (rank >= before[num_words]) return 64 * num_words;
  const size_t word = static_cast<size_t>(std::upper_bound(before, before + num_words, rank) - before) - 1;
  uint64_t bits = mask[word];
  for (size_t skip = rank - before[word]; skip > 0; --skip) bits &= bits - 1;
  return 64 * word + static_cast<size_t>(std::countr_zero(bits));
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
  return std::min<size_t>(n, 64 * word + static_cast<size_t>(std::countr_zero(bits)));
}

}  // namespace eider::kernel
