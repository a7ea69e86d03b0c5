#pragma once
/// \file
/// HyperLogLog: how many different hashes were added, within about one percent, in 16 KiB.
///
/// Each hash goes by its first 14 bits to a register, which keeps the longest run of zeros after them. Estimated after Ertl, "New
/// cardinality estimation algorithms for HyperLogLog sketches" (2017), which has no bias at either end.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace eider::reduce {

class DistinctEstimate {
 public:
  void Add(uint64_t hash) {
    hash = Mix(hash);
    uint8_t& longest = registers_[hash >> (64 - kBits)];
    const auto run = static_cast<uint8_t>(std::countl_zero(hash << kBits | uint64_t{1} << (kBits - 1)) + 1);
    longest = std::max(longest, run);
  }
  void Merge(const DistinctEstimate& other) {
    for (size_t i = 0; i < registers_.size(); ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
  }
  uint64_t Count() const;

 private:
  /// The finalizer of MurmurHash3: hashes for tables need not be even in every bit, as registers want them.
  static uint64_t Mix(uint64_t hash) {
    hash = (hash ^ hash >> 33) * 0xFF51AFD7ED558CCD;
    hash = (hash ^ hash >> 33) * 0xC4CEB9FE1A85EC53;
    return hash ^ hash >> 33;
  }
  static constexpr int kBits = 14, kMostRun = 64 - kBits + 1;
  std::vector<uint8_t> registers_ = std::vector<uint8_t>(size_t{1} << kBits);
};

}  // namespace eider::reduce
