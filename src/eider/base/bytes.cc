#include "eider/base/bytes.h"

#include <algorithm>

namespace eider {
namespace {

/// Set bits of `num_words` words of 64.
uint64_t CountWords(const uint8_t* p, uint64_t num_words) {
  uint64_t total = 0;
  for (; num_words > 0; --num_words, p += 8) total += uint64_t(std::popcount(LoadLe<uint64_t>(p)));
  return total;
}
#if defined(__x86_64__) && !defined(__POPCNT__)
// Without the instruction each word is a call into a table walk.
__attribute__((target("popcnt"))) uint64_t CountWordsByInstruction(const uint8_t* p, uint64_t num_words) {
  uint64_t total = 0;
  for (; num_words > 0; --num_words, p += 8) total += uint64_t(__builtin_popcountll(LoadLe<uint64_t>(p)));
  return total;
}
#endif

/// Replaces `count` <= 8 bits that lie in one byte.
void StoreBitsInByte(uint8_t* dst, unsigned shift, unsigned count, uint8_t value) {
  const uint8_t mask = uint8_t(((1u << count) - 1) << shift);
  *dst = uint8_t((*dst & ~mask) | (uint8_t(value << shift) & mask));
}

}  // namespace

void CopyBits(const uint8_t* src, uint64_t src_offset, uint8_t* dst, uint64_t dst_offset, uint64_t count) {
  if (count == 0) return;
  if (const unsigned head_shift = dst_offset & 7; head_shift != 0) {
    const uint64_t head = std::min<uint64_t>(count, 8 - head_shift);
    StoreBitsInByte(dst + (dst_offset >> 3), head_shift, unsigned(head), uint8_t(LoadBits(src, src_offset, head)));
    src_offset += head, dst_offset += head, count -= head;
  }
  uint8_t* out = dst + (dst_offset >> 3);
  if ((src_offset & 7) == 0) {
    if (count >= 8) std::memcpy(out, src + (src_offset >> 3), count / 8);
    out += count / 8, src_offset += count & ~uint64_t{7}, count &= 7;
  }
  for (; count >= 64; count -= 64, src_offset += 64, out += 8) StoreLe<uint64_t>(out, LoadBits(src, src_offset, 64));
  for (; count >= 8; count -= 8, src_offset += 8, ++out) *out = uint8_t(LoadBits(src, src_offset, 8));
  if (count > 0) StoreBitsInByte(out, 0, unsigned(count), uint8_t(LoadBits(src, src_offset, count)));
}

void FillBits(uint8_t* dst, uint64_t dst_offset, uint64_t count, bool value) {
  if (count == 0) return;
  const uint8_t byte = value ? 0xff : 0x00;
  if (const unsigned shift = dst_offset & 7; shift != 0) {
    const uint64_t head = std::min<uint64_t>(count, 8 - shift);
    StoreBitsInByte(dst + (dst_offset >> 3), shift, unsigned(head), byte);
    dst_offset += head, count -= head;
  }
  uint8_t* out = dst + (dst_offset >> 3);
  if (count >= 8) std::memset(out, byte, count / 8);
  if (count & 7) StoreBitsInByte(out + count / 8, 0, unsigned(count & 7), byte);
}

uint64_t CountBits(const uint8_t* bits, uint64_t offset, uint64_t count) {
  uint64_t total = 0;
  if (const unsigned shift = offset & 7; shift != 0 && count > 0) {
    const uint64_t head = std::min<uint64_t>(count, 8 - shift);
    total += uint64_t(std::popcount(LoadBits(bits, offset, head)));
    offset += head, count -= head;
  }
  const uint8_t* p = bits + (offset >> 3);
#if defined(__x86_64__) && !defined(__POPCNT__)
  total += __builtin_cpu_supports("popcnt") ? CountWordsByInstruction(p, count / 64) : CountWords(p, count / 64);
#else
  total += CountWords(p, count / 64);
#endif
  p += count / 64 * 8;
  count %= 64;
  if (count > 0) total += uint64_t(std::popcount(LoadBits(p, 0, count)));
  return total;
}

}  // namespace eider
