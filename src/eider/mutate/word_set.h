#pragma once
/// \file
/// Words that lie close together: a bit for each from the least to the greatest. Each has a number, its place among them.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace eider::mutate {

class WordSet {
 public:
  WordSet() = default;
  /// Words from `least` on, as signed numbers, up to `span` - 1 above it.
  WordSet(int64_t least, uint64_t span)
      : least_(static_cast<uint64_t>(least)), span_(span), bits_(span / 64 + 1), before_(span / 64 + 1) {}
  static uint64_t BytesFor(uint64_t span) { return (span / 64 + 1) * (sizeof(uint64_t) + sizeof(uint32_t)); }

  /// \pre within the span
  void Insert(uint64_t word) { bits_[(word - least_) / 64] |= uint64_t{1} << (word - least_) % 64; }
  /// After the last Insert. \returns how many words there are
  uint32_t Count() {
    uint32_t count = 0;
    for (size_t i = 0; i < bits_.size(); ++i) {
      before_[i] = count;
      count += static_cast<uint32_t>(std::popcount(bits_[i]));
    }
    return count;
  }
  bool Has(uint64_t word) const {
    const uint64_t at = std::min(word - least_, span_);  // whose bit is never set
    return (bits_[at / 64] >> at % 64 & 1) != 0;
  }
  /// \pre Has(word), and Count() was called
  uint32_t NumberOf(uint64_t word) const {
    const uint64_t at = word - least_, below = bits_[at / 64] & ((uint64_t{1} << at % 64) - 1);
    return before_[at / 64] + static_cast<uint32_t>(std::popcount(below));
  }

 private:
  uint64_t least_ = 0, span_ = 0;
  std::vector<uint64_t> bits_;
  std::vector<uint32_t> before_;  ///< words before those of bits_ at the same place
};

}  // namespace eider::mutate
