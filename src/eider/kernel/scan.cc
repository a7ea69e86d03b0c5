#include "eider/kernel/scan.h"

#include <cstring>

namespace eider::kernel {

bool AllEqual(const uint8_t* values, size_t n, size_t width) {
  // Every value equals its successor exactly when the bytes equal themselves shifted by one value.
  return n < 2 || std::memcmp(values, values + width, (n - 1) * width) == 0;
}

}  // namespace eider::kernel
