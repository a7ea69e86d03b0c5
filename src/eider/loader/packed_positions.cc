#include "eider/loader/packed_positions.h"

#include <algorithm>
#include <bit>

namespace eider::loader {
namespace {

/// True when the positions rise by one and the same step.
bool IsArithmetic(std::span<const uint64_t> positions) {
  if (positions.size() < 2) return true;
  if (positions[1] <= positions[0]) return false;
  const uint64_t step = positions[1] - positions[0];
  for (size_t i = 2; i < positions.size(); ++i) {
    if (positions[i] <= positions[i - 1] || positions[i] - positions[i - 1] != step) return false;
  }
  return true;
}

}  // namespace

PackedPositions::PackedPositions(std::span<const uint64_t> positions) : size_(positions.size()) {
  for (size_t i = 0; i < positions.size(); i += kBlock) Pack(positions.subspan(i, std::min<size_t>(kBlock, positions.size() - i)));
  words_.push_back(0);  // At() reads one word past the last value
  words_.shrink_to_fit();
  blocks_.shrink_to_fit();
}

void PackedPositions::Pack(std::span<const uint64_t> positions) {
  if (IsArithmetic(positions)) {
    blocks_.push_back({positions[0], 0, 0, positions.size() > 1 ? positions[1] - positions[0] : 1});
    return;
  }
  const auto [least, most] = std::minmax_element(positions.begin(), positions.end());
  const unsigned bits = unsigned(std::bit_width(*most - *least));
  const uint64_t first_word = words_.size();
  blocks_.push_back({*least, first_word, bits, 0});
  words_.resize(first_word + (bits * positions.size() + 63) / 64);
  for (size_t i = 0; i < positions.size() && bits > 0; ++i) {
    const uint64_t value = positions[i] - *least;
    const uint64_t bit = i * bits, word = first_word + bit / 64, shift = bit % 64;
    words_[word] |= value << shift;
    if (shift + bits > 64) words_[word + 1] |= value >> (64 - shift);
  }
}

uint64_t PackedPositions::At(uint64_t i) const {
  const Block& block = blocks_[i / kBlock];
  const uint64_t k = i % kBlock;
  if (block.step != 0) return block.base + k * block.step;
  if (block.bits == 0) return block.base;
  const uint64_t bit = k * block.bits, word = block.first_word + bit / 64, shift = bit % 64;
  uint64_t value = words_[word] >> shift;
  if (shift + block.bits > 64) value |= words_[word + 1] << (64 - shift);
  return block.base + (block.bits == 64 ? value : value & ((uint64_t{1} << block.bits) - 1));
}

}  // namespace eider::loader
