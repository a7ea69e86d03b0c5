#pragma once
/// \file
/// Sets that many values are looked up in, one look of a few nanoseconds each. Hashes are seeded, so that nobody can choose values that collide.

#include <cstdint>
#include <string_view>
#include <vector>

namespace eider::expr {

/// A hash of 16 bytes at a time.
class SeededHash {
 public:
  SeededHash();
  uint64_t operator()(uint64_t key) const { return Fold(key ^ seeds_[0], seeds_[1]); }
  uint64_t operator()(std::string_view text) const;

 private:
  static uint64_t Fold(uint64_t a, uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return uint64_t(product) ^ uint64_t(product >> 64);
  }
  uint64_t seeds_[3];
};

/// Numbers: one bit each where they lie close together, else open addressing.
class NumberSet {
 public:
  explicit NumberSet(std::vector<uint64_t> keys);
  /// has(visit): visit(look) with a look-up of one key, for loops.
  template <typename Visit>
  void VisitLook(Visit&& visit) const {
    if (!bits_.empty()) {
      visit([bits = bits_.data(), first = first_, range = range_](uint64_t key) {
        const uint64_t at = key - first;
        return at <= range && (bits[at / 64] >> at % 64 & 1) != 0;
      });
    } else {
      visit([this](uint64_t key) { return Has(key); });
    }
  }

 private:
  bool Has(uint64_t key) const {
    if (key == empty_) return false;
    for (size_t at = hash_(key) >> shift_;; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at] == key) return true;
      if (slots_[at] == empty_) return false;
    }
  }

  std::vector<uint64_t> bits_;  ///< of first_ to first_ + range_
  uint64_t first_ = 0, range_ = 0;
  SeededHash hash_;
  int shift_ = 0;
  uint64_t empty_ = 0;  ///< not in the set
  std::vector<uint64_t> slots_;
};

/// Texts, which outlive it.
class TextSet {
 public:
  explicit TextSet(const std::vector<std::string_view>& texts);
  bool Has(std::string_view text) const {
    const uint64_t hash = hash_(text);
    for (size_t at = hash >> shift_;; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.text.data() == nullptr) return false;
      if (slot.hash == hash && slot.text == text) return true;
    }
  }

 private:
  struct Slot {
    uint64_t hash = 0;
    std::string_view text;
  };
  SeededHash hash_;
  int shift_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace eider::expr
