#pragma once
/// \file
/// Where a value of a bit-packed block lies, for those who ask memory for it before they extract it.

#include "eider/kernel/bitpack.h"

namespace eider::kernel {

/// Where ExtractPacked reads its first word.
template <typename T>
inline const uint8_t* PackedAddress(const uint8_t* packed, uint32_t width, uint32_t index) {
  constexpr uint32_t kBits = 8 * sizeof(T);
  constexpr uint32_t kLanes = kPackedBlockValues / kBits;
  const uint32_t column = index % 128;
  const uint32_t row = kPackedRowOrder[column / kLanes * (kLanes / 16)] * 8 + index / 128;
  return packed + sizeof(T) * (kLanes * (row * width / kBits) + column % kLanes);
}

}  // namespace eider::kernel
