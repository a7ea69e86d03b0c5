#pragma once
/// \file
/// Booleans from a test of each row.

#include <algorithm>

#include "eider/expr/column.h"

namespace eider::expr {

/// Bit i: test(i). Bits up to a multiple of 64 are 0.
template <typename Test>
BufferBuilder TestRows(int64_t rows, Test&& test) {
  BufferBuilder bits;
  for (int64_t first = 0; first < rows; first += 64) {
    const int64_t count = std::min<int64_t>(64, rows - first);
    uint64_t word = 0;
    for (int64_t i = 0; i < count; ++i) word |= uint64_t{test(first + i)} << i;
    bits.AppendValue(word);
  }
  return bits;
}

inline void FlipBits(BufferBuilder& bits) {
  for (size_t i = 0; i < bits.size(); ++i) bits.data()[i] = uint8_t(~bits.data()[i]);
}

}  // namespace eider::expr
