#pragma once
/// \file
/// The order of one epoch: a keyed bijection over [0, n), so that nobody needs a permutation array. A Feistel network
/// permutes the smallest power of two that holds n; what falls outside is sent through again (cycle walking) and, as the
/// network is a bijection, comes back inside after fewer than two steps on average.
///
/// A round function sees one half of the bits only, so its values are tabled once an epoch: 8 x sqrt(2 n) words.

#include <array>
#include <cstdint>
#include <vector>

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
  // Above this the tables leave the cache, and hashing is as fast.
  static constexpr unsigned kMaxTabledBits = 13;
  uint64_t Permute(uint64_t i) const {
    if (tables_.empty()) return PermuteByHash(i);
    uint32_t low = uint32_t(i & low_mask_), high = uint32_t(i >> low_bits_);
    const uint16_t* table = tables_.data();
    for (int round = 0; round < kRounds; round += 2, table += 2 * stride_) {
      low ^= table[high];
      high ^= table[stride_ + low];
    }
    return uint64_t{high} << low_bits_ | low;
  }
  uint64_t PermuteByHash(uint64_t i) const;
  void FillTables();

  uint64_t n_;
  unsigned low_bits_, high_bits_;
  uint64_t low_mask_, high_mask_;
  std::array<uint64_t, kRounds> keys_;
  size_t stride_ = 0;
  std::vector<uint16_t> tables_;  ///< by round, then by the half that the round sees
};

}  // namespace eider::loader
