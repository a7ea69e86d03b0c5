#pragma once
/// \file
/// A list of row positions in little memory, any one of which is found in constant time.
///
///     block of 128 positions: base = the smallest; offsets from it, bit-packed in the fewest bits that hold the largest
///
/// A run costs one bit a position or none, a dense sorted subset about one byte, an arbitrary list log2(n) bits. Order and
/// duplicates are kept.

#include <cstdint>
#include <span>
#include <vector>

namespace eider::loader {

class PackedPositions {
 public:
  explicit PackedPositions(std::span<const uint64_t> positions);
  uint64_t size() const { return size_; }
  uint64_t At(uint64_t i) const;
  uint64_t memory_bytes() const { return blocks_.size() * sizeof(Block) + words_.size() * sizeof(uint64_t); }

 private:
  static constexpr uint64_t kBlock = 128;
  struct Block {
    uint64_t base;
    uint64_t first_word : 56;
    uint64_t bits : 8;
    uint64_t step;  ///< nonzero: position k is base + k * step, and nothing is packed
  };
  void Pack(std::span<const uint64_t> positions);

  uint64_t size_;
  std::vector<Block> blocks_;
  std::vector<uint64_t> words_;
};

}  // namespace eider::loader
