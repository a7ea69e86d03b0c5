#pragma once
/// \file
/// The bytes of one fuzz input, cut from the front: what is not there any more is zero, or empty.

#include <algorithm>
#include <cstdlib>

#include "eider/base/bytes.h"

namespace eider::testing {

class Input {
 public:
  explicit Input(ByteSpan bytes) : bytes_(bytes) {}
  uint8_t Byte() {
    const ByteSpan b = Take(1);
    return b.empty() ? uint8_t{0} : b[0];
  }
  uint32_t U16() {
    const uint32_t low = Byte();
    return low | uint32_t{Byte()} << 8;
  }
  ByteSpan Take(size_t n) {
    const ByteSpan taken = bytes_.first(std::min(n, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }
  ByteSpan Rest() { return Take(bytes_.size()); }

 private:
  ByteSpan bytes_;
};

inline void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace eider::testing
