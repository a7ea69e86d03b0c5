#include "eider/page/distinct_values.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace eider::page {

DistinctValues::DistinctValues(uint64_t expected)
    : slots_(std::bit_ceil(std::max<uint64_t>(64, 2 * expected))), mask_(slots_.size() - 1) {}

uint32_t DistinctValues::Number(ByteSpan value) {
  const uint64_t hash = HashBytes(value);
  const auto tag = static_cast<uint32_t>(hash >> 32);
  for (uint64_t at = hash & mask_;; at = (at + 1) & mask_) {
    Slot& slot = slots_[at];
    if (slot.number == kFree) {
      slot = {tag, static_cast<uint32_t>(values_.size())};
      values_.push_back(value);
      if (2 * values_.size() > slots_.size()) Grow();
      return static_cast<uint32_t>(values_.size() - 1);
    }
    if (slot.hash != tag) continue;
    const ByteSpan known = values_[slot.number];
    if (known.size() == value.size() && (value.empty() || std::memcmp(known.data(), value.data(), value.size()) == 0)) return slot.number;
  }
}

void DistinctValues::Grow() {
  slots_.assign(2 * slots_.size(), Slot());
  mask_ = slots_.size() - 1;
  for (size_t i = 0; i < values_.size(); ++i) {
    const uint64_t hash = HashBytes(values_[i]);
    uint64_t at = hash & mask_;
    while (slots_[at].number != kFree) at = (at + 1) & mask_;
    slots_[at] = {static_cast<uint32_t>(hash >> 32), static_cast<uint32_t>(i)};
  }
}

uint64_t EstimateDistinct(uint64_t num_values, uint64_t sample_size, uint64_t sample_distinct) {
  if (sample_size >= num_values) return sample_distinct;
  // Solves expected(D) = D * (1 - e^(-sample / D)) for D by bisection; it grows with D.
  double low = double(sample_distinct), high = double(num_values);
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    const double expected = middle * -std::expm1(-double(sample_size) / middle);
    (expected < double(sample_distinct) ? low : high) = middle;
  }
  return static_cast<uint64_t>(high);
}

}  // namespace eider::page
