#pragma once
/// \file
/// Total access to untrusted bytes: checked arithmetic, little-endian loads, bounded cursors, bit helpers.

#include <eider/buffer.h>

#include <bit>
#include <cstring>
#include <string_view>

#include "eider/base/error.h"

namespace eider {

static_assert(std::endian::native == std::endian::little, "Eider assumes a little-endian machine");

/// Byte range of a file or of a page buffer.
struct ByteRange {
  uint64_t offset = 0;
  uint64_t length = 0;
  uint64_t end() const { return offset + length; }
  bool operator==(const ByteRange&) const = default;
};

/// The bytes of a protobuf bytes field or of a literal.
inline ByteSpan SpanOf(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

inline uint64_t CheckedAdd(uint64_t a, uint64_t b, const char* what) {
  uint64_t r;
  if (__builtin_add_overflow(a, b, &r)) throw Corrupt("{}: {} + {} overflows", what, a, b);
  return r;
}
inline uint64_t CheckedMul(uint64_t a, uint64_t b, const char* what) {
  uint64_t r;
  if (__builtin_mul_overflow(a, b, &r)) throw Corrupt("{}: {} x {} overflows", what, a, b);
  return r;
}

/// Unaligned little-endian load; the caller has checked the bounds.
template <typename T>
T LoadLe(const uint8_t* p) {
  T v;
  std::memcpy(&v, p, sizeof(T));
  return v;
}
template <typename T>
void StoreLe(uint8_t* p, T v) { std::memcpy(p, &v, sizeof(T)); }

/// Asks for the cache line of `p`, which need not be readable. Not __builtin_prefetch: GCC takes a function that only prefetches
/// for one without effects, and drops the calls of it.
inline void Prefetch(const uint8_t* p) {
#if defined(__x86_64__)
  asm volatile("prefetcht0 (%0)" : : "r"(p));
#elif defined(__aarch64__)
  asm volatile("prfm pldl1keep, [%0]" : : "r"(p));
#else
  __builtin_prefetch(p);
#endif
}
/// The same for all lines of [p, p + size).
inline void PrefetchBytes(const uint8_t* p, uint64_t size) {
  constexpr uint64_t kLineBytes = 64;
  if (size == 0) return;
  for (uint64_t at = 0; at < size; at += kLineBytes) Prefetch(p + at);
  Prefetch(p + size - 1);
}

/// bytes[offset, offset + length), or kCorrupt naming `what`.
inline ByteSpan CheckedSubspan(ByteSpan bytes, uint64_t offset, uint64_t length, const char* what) {
  if (offset > bytes.size() || length > bytes.size() - offset) {
    throw Corrupt("{}: bytes [{}, +{}) of a buffer of {}", what, offset, length, bytes.size());
  }
  return bytes.subspan(offset, length);
}
/// Checked little-endian load at `offset`.
template <typename T>
T ReadLe(ByteSpan bytes, uint64_t offset, const char* what) {
  return LoadLe<T>(CheckedSubspan(bytes, offset, sizeof(T), what).data());
}

constexpr uint64_t AlignUp(uint64_t n, uint64_t alignment) { return (n + alignment - 1) / alignment * alignment; }
constexpr uint64_t CeilDiv(uint64_t n, uint64_t d) { return n / d + (n % d != 0); }
constexpr uint64_t BytesForBits(uint64_t bits) { return bits / 8 + (bits % 8 != 0); }

inline bool GetBit(const uint8_t* bits, uint64_t i) { return (bits[i >> 3] >> (i & 7)) & 1; }
inline void SetBit(uint8_t* bits, uint64_t i) { bits[i >> 3] |= uint8_t(1u << (i & 7)); }
inline void ClearBit(uint8_t* bits, uint64_t i) { bits[i >> 3] &= uint8_t(~(1u << (i & 7))); }
/// Up to 64 bits from `offset`, the first in bit 0; reads only the bytes that hold them.
inline uint64_t LoadBits(const uint8_t* bits, uint64_t offset, uint64_t count) {
  const uint8_t* p = bits + (offset >> 3);
  const unsigned shift = offset & 7;
  const uint64_t num_bytes = BytesForBits(shift + count);
  uint64_t low = 0;
  if (num_bytes >= 8) {
    std::memcpy(&low, p, 8);
  } else {
    std::memcpy(&low, p, num_bytes);
  }
  low >>= shift;
  if (num_bytes > 8) low |= uint64_t{p[8]} << (64 - shift);
  return count == 64 ? low : low & ((uint64_t{1} << count) - 1);
}
/// Copies `count` bits; the ranges do not overlap. Bits outside the destination window are kept.
void CopyBits(const uint8_t* src, uint64_t src_offset, uint8_t* dst, uint64_t dst_offset, uint64_t count);
/// Sets `count` bits of `dst` from `dst_offset` to `value`.
void FillBits(uint8_t* dst, uint64_t dst_offset, uint64_t count, bool value);
/// Number of set bits in [offset, offset + count).
uint64_t CountBits(const uint8_t* bits, uint64_t offset, uint64_t count);

}  // namespace eider
