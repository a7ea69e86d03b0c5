#include "eider/loader/epoch_order.h"

#include <algorithm>
#include <bit>

namespace eider::loader {
namespace {

/// splitmix64's output function: every input bit reaches every output bit.
uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

}  // namespace

EpochOrder::EpochOrder(uint64_t n, uint64_t seed, uint64_t epoch) : n_(n) {
  const unsigned bits = std::max(2, int(std::bit_width(n > 0 ? n - 1 : 0)));
  low_bits_ = bits / 2;
  low_mask_ = (uint64_t{1} << low_bits_) - 1;
  high_bits_ = bits - low_bits_;
  high_mask_ = (uint64_t{1} << high_bits_) - 1;
  uint64_t state = Mix(seed + 0x9e3779b97f4a7c15ull) ^ Mix(epoch + 0xd1b54a32d192ed03ull);
  for (uint64_t& key : keys_) key = Mix(state += 0x9e3779b97f4a7c15ull);
  if (high_bits_ <= kMaxTabledBits) FillTables();
}

void EpochOrder::FillTables() {
  stride_ = size_t{1} << high_bits_;
  tables_.resize(kRounds * stride_);
  for (size_t round = 0; round < kRounds; ++round) {
    const uint64_t mask = round % 2 == 0 ? low_mask_ : high_mask_;
    for (size_t half = 0; half < stride_; ++half) tables_[round * stride_ + half] = uint16_t(Mix(half + keys_[round]) & mask);
  }
}

uint64_t EpochOrder::PermuteByHash(uint64_t i) const {
  uint64_t low = i & low_mask_, high = i >> low_bits_;
  for (int round = 0; round < kRounds; round += 2) {
    low ^= Mix(high + keys_[size_t(round)]) & low_mask_;
    high ^= Mix(low + keys_[size_t(round) + 1]) & high_mask_;
  }
  return high << low_bits_ | low;
}

}  // namespace eider::loader
