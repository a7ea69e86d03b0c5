#include "eider/expr/key_sets.h"

#include <algorithm>
#include <bit>
#include <random>

#include "eider/base/bytes.h"

namespace eider::expr {
namespace {

/// A bitmap may take as much memory as slots would, and so much in any case.
constexpr uint64_t kBitsOfKey = 256, kSmallBitmap = 1 << 16;

/// For 2 slots a key or more.
int ShiftFor(size_t keys) { return 64 - int(std::bit_width(std::max<size_t>(keys, 2) * 2 - 1)); }

uint64_t LoadPart(const char* at, size_t size) {
  uint64_t word = 0;
  __builtin_memcpy(&word, at, std::min<size_t>(size, 8));
  return word;
}

}  // namespace

SeededHash::SeededHash() {
  std::random_device device;
  for (uint64_t& seed : seeds_) seed = (uint64_t{device()} << 32 | device()) | 1;
}

uint64_t SeededHash::operator()(std::string_view text) const {
  const char* at = text.data();
  uint64_t hash = seeds_[0] ^ text.size();
  size_t left = text.size();
  for (; left > 16; left -= 16, at += 16) hash = Fold(LoadPart(at, 8) ^ seeds_[1], LoadPart(at + 8, 8) ^ hash ^ seeds_[2]);
  const uint64_t low = LoadPart(at, left), high = left > 8 ? LoadPart(at + 8, left - 8) : 0;
  return Fold(Fold(low ^ seeds_[1], high ^ hash ^ seeds_[2]) ^ seeds_[0], seeds_[1]);
}

NumberSet::NumberSet(std::vector<uint64_t> keys) {
  if (keys.empty()) keys.push_back(0), bits_.assign(1, 0);
  // Signed ones lie together too when they are seen from the least one.
  const auto [low, high] = std::ranges::minmax_element(keys, [](uint64_t a, uint64_t b) { return int64_t(a) < int64_t(b); });
  first_ = *low, range_ = *high - *low;
  if (!bits_.empty()) return;
  if (range_ < std::max(kSmallBitmap, kBitsOfKey * keys.size())) {
    bits_.resize(range_ / 64 + 1);
    for (const uint64_t key : keys) bits_[(key - first_) / 64] |= uint64_t{1} << (key - first_) % 64;
    return;
  }
  std::ranges::sort(keys);
  for (empty_ = 0; std::ranges::binary_search(keys, empty_);) ++empty_;
  shift_ = ShiftFor(keys.size());
  slots_.assign(size_t{1} << (64 - shift_), empty_);
  for (const uint64_t key : keys) {
    size_t at = hash_(key) >> shift_;
    while (slots_[at] != empty_ && slots_[at] != key) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = key;
  }
}

TextSet::TextSet(const std::vector<std::string_view>& texts) : shift_(ShiftFor(texts.size())), slots_(size_t{1} << (64 - shift_)) {
  for (const std::string_view text : texts) {
    if (Has(text)) continue;
    const uint64_t hash = hash_(text);
    size_t at = hash >> shift_;
    while (slots_[at].text.data() != nullptr) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {hash, text.data() ? text : std::string_view("", 0)};
  }
}

}  // namespace eider::expr
