// The questions of levels.h, compiled for each instruction set and chosen at run time.
#include <bit>
#include <cstring>

#include "eider/kernel/bitpack.h"
#include "eider/kernel/levels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "eider/kernel/levels_simd.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace eider::kernel::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::CappedTag<uint16_t, 64>;
using Vector = hn::Vec<Tag>;

// Bit i of *out: test(i-th of 64 levels at any address). Stored lane group by lane group: a word joined in registers would wait for
// every store of its parts.
template <typename Test>
HWY_INLINE void StoreMask64(const void* levels, const Test& test, uint64_t* out) {
  const Tag tag;
  const size_t lanes = hn::Lanes(tag);
  const auto* from = static_cast<const uint16_t*>(levels);
  auto* bits = reinterpret_cast<uint8_t*>(out);
  for (size_t i = 0; i < 64; i += lanes) hn::StoreMaskBits(tag, test(i, hn::LoadU(tag, from + i)), bits + i / 8);
}

template <typename Test>
HWY_INLINE void FillMask(std::span<const uint16_t> levels, const Test& test, uint64_t* out) {
  size_t i = 0;
  for (; i + 64 <= levels.size(); i += 64) StoreMask64(levels.data() + i, test, out++);
  if (i == levels.size()) return;
  uint16_t tail[64] = {};
  std::memcpy(tail, levels.data() + i, 2 * (levels.size() - i));
  StoreMask64(tail, test, out);
  *out &= ~uint64_t{0} >> (64 - (levels.size() - i));
}

void LevelsEqual(std::span<const uint16_t> levels, uint16_t value, uint64_t* out) {
  const Vector v = hn::Set(Tag(), value);
  FillMask(levels, [v](size_t, Vector x) HWY_ATTR { return hn::Eq(x, v); }, out);
}

void LevelsAtMost(std::span<const uint16_t> levels, uint16_t value, uint64_t* out) {
  const Vector v = hn::Set(Tag(), value);
  FillMask(levels, [v](size_t, Vector x) HWY_ATTR { return hn::Eq(hn::Min(x, v), x); }, out);
}

size_t CountLevelsAtMost(std::span<const uint16_t> levels, uint16_t value) {
  size_t count = 0;
  uint64_t masks[16];
  while (!levels.empty()) {
    const size_t n = std::min<size_t>(levels.size(), 64 * std::size(masks));
    LevelsAtMost(levels.first(n), value, masks);
    for (size_t w = 0; w < MaskWords(n); ++w) count += static_cast<size_t>(std::popcount(masks[w]));
    levels = levels.subspan(n);
  }
  return count;
}

void PackedLevelsEqual(const uint8_t* packed, uint32_t width, uint16_t value, uint64_t* out) {
  const Tag tag;
  const auto mask = static_cast<uint16_t>(0xFFFFu >> (16 - width));
  // The value is shifted to the levels, not the levels to the value: one `and` and one comparison per word.
  for (uint32_t row = 0; row < 16; ++row) {
    const uint8_t* words = packed + 128 * (row * width / 16);  // row r of the 64 lanes is 64 neighbouring levels
    const uint32_t shift = row * width % 16;
    uint64_t* const place = out + (kPackedRowOrder[row / 8] * 16 + row % 8 * 128) / 64;
    const Vector m = hn::Set(tag, static_cast<uint16_t>(mask << shift)), v = hn::Set(tag, static_cast<uint16_t>(value << shift));
    if (shift + width <= 16) {
      StoreMask64(words, [m, v](size_t, Vector x) HWY_ATTR { return hn::Eq(hn::And(x, m), v); }, place);
      continue;
    }
    const auto* next = reinterpret_cast<const uint16_t*>(words + 128);
    const Vector m2 = hn::Set(tag, static_cast<uint16_t>(mask >> (16 - shift))), v2 = hn::Set(tag, static_cast<uint16_t>(value >> (16 - shift)));
    const auto both = [=](size_t i, Vector x) HWY_ATTR {
      const auto high = hn::Eq(hn::And(hn::LoadU(Tag(), next + i), m2), v2);
      return hn::And(hn::Eq(hn::And(x, m), v), high);
    };
    StoreMask64(words, both, place);
  }
}

template <typename Offset>
HWY_INLINE void OpenListsOf(std::span<const uint16_t> rep, std::span<const uint16_t> def, ListLevels list, OpenedLists<Offset> out,
                            ListCounts& counts) {
  ListCounts done{.children = counts.children};
  uint64_t opens[16], inside[16];
  const Vector number = hn::Set(Tag(), list.number);
  for (size_t block = 0; block < rep.size(); block += 1024) {
    const size_t n = std::min<size_t>(1024, rep.size() - block);
    FillMask(rep.subspan(block, n), [number](size_t, Vector x) HWY_ATTR { return hn::Eq(hn::Max(x, number), x); }, opens);
    LevelsAtMost(def.subspan(block, n), list.inside, inside);
    for (size_t w = 0; w < MaskWords(n); ++w) {
      const uint64_t all = ~uint64_t{0} >> (63 - (std::min<size_t>(64, n - 64 * w) - 1));
      done.stray |= ((opens[w] | inside[w]) != all);
      for (uint64_t left = opens[w]; left != 0; left &= left - 1) {
        const int bit = std::countr_zero(left);
        const size_t entry = block + 64 * w + static_cast<size_t>(bit);
        const uint64_t before = inside[w] & ((uint64_t{1} << bit) - 1);
        const uint16_t level = def[entry];
        out.offsets[done.slots] = static_cast<Offset>(done.children + static_cast<uint64_t>(std::popcount(before)));
        out.slot_def[done.slots] = level;
        done.slots += level <= list.outside;
        out.rep[done.entries] = rep[entry];
        out.def[done.entries++] = level;
      }
      done.children += static_cast<uint64_t>(std::popcount(inside[w]));
    }
  }
  counts = done;
}

void OpenLists32(std::span<const uint16_t> rep, std::span<const uint16_t> def, ListLevels list, const OpenedLists<int32_t>& out, ListCounts& counts) {
  OpenListsOf(rep, def, list, out, counts);
}

void OpenLists64(std::span<const uint16_t> rep, std::span<const uint16_t> def, ListLevels list, const OpenedLists<int64_t>& out, ListCounts& counts) {
  OpenListsOf(rep, def, list, out, counts);
}

void RankMask(const uint64_t* mask, size_t num_words, uint32_t* before) {
  uint32_t count = 0;
  for (size_t w = 0; w < num_words; ++w) {
    before[w] = count;
    count += static_cast<uint32_t>(std::popcount(mask[w]));
  }
  before[num_words] = count;
}

}  // namespace eider::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace eider::kernel {
HWY_EXPORT(LevelsEqual);
HWY_EXPORT(LevelsAtMost);
HWY_EXPORT(CountLevelsAtMost);
HWY_EXPORT(PackedLevelsEqual);
HWY_EXPORT(OpenLists32);
HWY_EXPORT(OpenLists64);
HWY_EXPORT(RankMask);

void LevelsEqual(std::span<const uint16_t> levels, uint16_t value, uint64_t* out) {
  HWY_DYNAMIC_DISPATCH(LevelsEqual)(levels, value, out);
}
void LevelsAtMost(std::span<const uint16_t> levels, uint16_t value, uint64_t* out) {
  HWY_DYNAMIC_DISPATCH(LevelsAtMost)(levels, value, out);
}
size_t CountLevelsAtMost(std::span<const uint16_t> levels, uint16_t value) {
  return HWY_DYNAMIC_DISPATCH(CountLevelsAtMost)(levels, value);
}
void PackedLevelsEqual(const uint8_t* packed, uint32_t width, uint16_t value, uint64_t* out) {
  if (width == 0 || (width < 16 && value >> width != 0)) {
    std::fill_n(out, 16, width == 0 && value == 0 ? ~uint64_t{0} : 0);
    return;
  }
  HWY_DYNAMIC_DISPATCH(PackedLevelsEqual)(packed, width, value, out);
}
void OpenLists(std::span<const uint16_t> rep, std::span<const uint16_t> def, ListLevels list, const OpenedLists<int32_t>& out, ListCounts& counts) {
  HWY_DYNAMIC_DISPATCH(OpenLists32)(rep, def, list, out, counts);
}
void OpenLists(std::span<const uint16_t> rep, std::span<const uint16_t> def, ListLevels list, const OpenedLists<int64_t>& out, ListCounts& counts) {
  HWY_DYNAMIC_DISPATCH(OpenLists64)(rep, def, list, out, counts);
}
void RankMask(const uint64_t* mask, size_t num_words, uint32_t* before) {
  HWY_DYNAMIC_DISPATCH(RankMask)(mask, num_words, before);
}

}  // namespace eider::kernel
#endif  // HWY_ONCE
