#pragma once
/// \file
/// How many distinct values there are: guessed from a sample, or found with a hash table.

#include <cstdint>
#include <span>
#include <vector>

#include "eider/base/hash_bytes.h"

namespace eider::page {

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
