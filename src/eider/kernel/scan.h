#pragma once
/// \file
/// One-pass statistics over fixed-width values that choose an encoding. Bytes need no alignment.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

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

}  // namespace eider::kernel
