#pragma once
/// \file
/// One-pass statistics over fixed-width values that choose an encoding. Bytes need no alignment.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace eider::kernel {

/// An element of type T at any address.
template <typename T>
inline T LoadUnaligned(const uint8_t* p) {
  T v;
  __builtin_memcpy(&v, p, sizeof(T));
  return v;
}

/// Bits needed for the largest of `n` unsigned values (0 when all are 0).
template <typename T>
uint32_t MaxBitWidth(const uint8_t* values, size_t n) {
  T all = 0;
  for (size_t i = 0; i < n; ++i) all |= LoadUnaligned<T>(values + i * sizeof(T));
  return static_cast<uint32_t>(std::bit_width(all));
}

/// Number of runs of equal neighbours.
template <typename T>
size_t CountRuns(const uint8_t* values, size_t n) {
  size_t changes = 0;
  for (size_t i = 1; i < n; ++i) {
    changes += LoadUnaligned<T>(values + i * sizeof(T)) != LoadUnaligned<T>(values + (i - 1) * sizeof(T));
  }
  return changes + (n != 0);
}

template <typename T>
struct MinMax {
  T min;
  T max;
};
/// \pre n > 0
template <typename T>
MinMax<T> FindMinMax(const uint8_t* values, size_t n) {
  MinMax<T> r{LoadUnaligned<T>(values), LoadUnaligned<T>(values)};
  for (size_t i = 1; i < n; ++i) {
    const T v = LoadUnaligned<T>(values + i * sizeof(T));
    r.min = std::min(r.min, v);
    r.max = std::max(r.max, v);
  }
  return r;
}

/// How often each byte occurs among bytes[0], bytes[stride], ... (`n` of them).
using ByteHistogram = std::array<uint32_t, 256>;
ByteHistogram CountBytes(const uint8_t* bytes, size_t n, size_t stride);
/// Shannon entropy in bits per byte, 0 when empty.
double EntropyOf(const ByteHistogram& histogram);

/// True when `n` values of `width` bytes are all equal.
bool AllEqual(const uint8_t* values, size_t n, size_t width);

}  // namespace eider::kernel
