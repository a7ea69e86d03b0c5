#include "eider/loader/position_sort.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace eider::loader {
namespace {

constexpr unsigned kDigitBits = 8;
constexpr size_t kDigits = size_t{1} << kDigitBits;
// Fewer positions than this are sorted faster by comparing than by counting digits.
constexpr size_t kMinRadix = 128;

/// One stable pass: `to` holds `from` in the order of the digit at `shift`.
void SortByDigit(const std::vector<uint64_t>& from, std::vector<uint64_t>& to, unsigned shift) {
  std::array<uint32_t, kDigits> place{};
  for (const uint64_t value : from) ++place[(value >> shift) % kDigits];
  uint32_t before = 0;
  for (uint32_t& count : place) before += std::exchange(count, before);
  for (const uint64_t value : from) to[place[(value >> shift) % kDigits]++] = value;
}

}  // namespace

void SortPositions(std::vector<uint64_t>& positions) {
  if (positions.size() < kMinRadix || positions.size() > UINT32_MAX) return std::sort(positions.begin(), positions.end());
  const uint64_t most = *std::max_element(positions.begin(), positions.end());
  std::vector<uint64_t> scratch(positions.size());
  for (unsigned shift = 0; shift < unsigned(std::bit_width(most)); shift += kDigitBits) {
    SortByDigit(positions, scratch, shift);
    positions.swap(scratch);
  }
}

}  // namespace eider::loader
