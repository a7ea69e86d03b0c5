#pragma once
/// \file
/// How many distinct values there are: guessed from a sample, or found with a hash table.

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "eider/base/bytes.h"

namespace eider::page {

/// A hash of a byte string; good enough for tables, not against enemies, whose collisions only cost time up to the bound that
/// the table's user sets on its size.
inline uint64_t HashBytes(ByteSpan bytes) {
  constexpr uint64_t kFirst = 0x9E3779B97F4A7C15, kSecond = 0xD6E8FEB86659FD93;
  const auto mix = [](uint64_t a, uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  const uint8_t* p = bytes.data();
  size_t n = bytes.size();
  uint64_t hash = mix(n ^ kFirst, kSecond);
  for (; n > 16; n -= 16, p += 16) hash = mix(LoadLe<uint64_t>(p) ^ hash ^ kFirst, LoadLe<uint64_t>(p + 8) ^ kSecond);
  uint64_t low = 0, high = 0;
  if (n >= 8) {
    low = LoadLe<uint64_t>(p), high = LoadLe<uint64_t>(p + n - 8);
  } else if (n >= 4) {
    low = LoadLe<uint32_t>(p), high = LoadLe<uint32_t>(p + n - 4);
  } else if (n > 0) {
    low = uint64_t{p[0]} | uint64_t{p[n / 2]} << 8 | uint64_t{p[n - 1]} << 16;
  }
  return mix(low ^ hash ^ kFirst, high ^ kSecond);
}

/// Numbers distinct byte strings in the order in which they come: open addressing, a hash beside each number.
class DistinctValues {
 public:
  explicit DistinctValues(uint64_t expected);
  /// The number of `value`, which is kept by reference.
  uint32_t Number(ByteSpan value);
  std::span<const ByteSpan> values() const { return values_; }

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t number = kFree;
  };
  static constexpr uint32_t kFree = UINT32_MAX;
  void Grow();

  std::vector<Slot> slots_;
  std::vector<ByteSpan> values_;
  uint64_t mask_ = 0;
};

inline constexpr uint64_t kDistinctSample = 4096;

/// Guesses the distinct values among `num_values` from `sample_size` of them spread evenly, `sample_distinct` of which differ:
/// so many equal pairs are expected among values drawn from a set of that size.
uint64_t EstimateDistinct(uint64_t num_values, uint64_t sample_size, uint64_t sample_distinct);

}  // namespace eider::page
