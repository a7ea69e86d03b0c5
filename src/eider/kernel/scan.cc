#include "eider/kernel/scan.h"

#include <cmath>

namespace eider::kernel {

ByteHistogram CountBytes(const uint8_t* bytes, size_t n, size_t stride) {
  ByteHistogram histogram{};
  for (size_t i = 0; i < n; ++i) ++histogram[bytes[i * stride]];
  return histogram;
}

double EntropyOf(const ByteHistogram& histogram) {
  double total = 0;
  for (const uint32_t count : histogram) total += count;
  double bits = 0;
  for (const uint32_t count : histogram) {
    if (count != 0) bits -= count / total * std::log2(count / total);
  }
  return bits;
}

bool AllEqual(const uint8_t* values, size_t n, size_t width) {
  // Every value equals its successor exactly when the bytes equal themselves shifted by one value.
  return n < 2 || std::memcmp(values, values + width, (n - 1) * width) == 0;
}

}  // namespace eider::kernel
