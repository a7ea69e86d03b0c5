#pragma once
/// \file
/// The order of one epoch: a keyed bijection over [0, n), so that nobody needs a permutation array. A Feistel network
/// permutes the smallest power of two that holds n; what falls outside is sent through again (cycle walking) and, as the
/// network is a bijection, comes back inside after fewer than two steps on average.

#include <array>
#include <cstdint>

namespace eider::loader {

class EpochOrder {
 public:
  EpochOrder(uint64_t n, uint64_t seed, uint64_t epoch);
  /// The item at place `i` < n. Persisted in resume states: never change what this yields.
  uint64_t At(uint64_t i) const {
    do {
      i = Permute(i);
    } while (i >= n_);
    return i;
  }

 private:
  static constexpr int kRounds = 8;
  uint64_t Permute(uint64_t i) const;

  uint64_t n_;
  unsigned low_bits_;
  uint64_t low_mask_, high_mask_;
  std::array<uint64_t, kRounds> keys_;
};

}  // namespace eider::loader
