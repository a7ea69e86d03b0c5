#include "eider/kernel/levels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "eider/kernel/bitpack.h"

namespace eider::kernel {
namespace {

std::vector<uint16_t> RandomLevels(size_t n, uint16_t max, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint16_t> levels(n);
  for (uint16_t& level : levels) level = static_cast<uint16_t>(random() % (max + 1u));
  return levels;
}

TEST(LevelsTest, MasksAndCountsAgreeWithALoop) {
  for (const size_t n : {0, 1, 63, 64, 65, 127, 128, 1000, 4096}) {
    for (const uint16_t max : {0, 1, 3, 40000, 65535}) {
      const auto levels = RandomLevels(n, max, static_cast<uint32_t>(n + max));
      const uint16_t value = n == 0 ? 0 : levels[n / 2];
      std::vector<uint64_t> equal(MaskWords(n) + 1), at_most(MaskWords(n) + 1);
      LevelsEqual(levels, value, equal.data());
      LevelsAtMost(levels, value, at_most.data());
      size_t num_equal = 0, num_at_most = 0;
      for (size_t i = 0; i < n; ++i) {
        ASSERT_EQ((equal[i / 64] >> (i % 64)) & 1, levels[i] == value);
        ASSERT_EQ((at_most[i / 64] >> (i % 64)) & 1, levels[i] <= value);
        num_equal += levels[i] == value;
        num_at_most += levels[i] <= value;
      }
      EXPECT_EQ(CountLevelsAtMost(levels, value), num_at_most);
      std::vector<uint32_t> before(MaskWords(n) + 1);
      RankMask(equal.data(), MaskWords(n), before.data());
      EXPECT_EQ(before.back(), num_equal) << "bits after the last level must be 0";
    }
  }
}

TEST(LevelsTest, OpensListsAsALoopDoes) {
  for (const size_t n : {0, 1, 63, 64, 65, 1023, 1024, 1025, 3000}) {
    const auto rep = RandomLevels(n, 3, 1), def = RandomLevels(n, 5, 2);
    for (const ListLevels list : {ListLevels{1, 2, 4}, ListLevels{2, 5, 5}, ListLevels{3, 0, 5}}) {
      std::vector<int64_t> offsets(n + 1);
      std::vector<uint16_t> slot_def(n + 1), to_rep = rep, to_def = def;  // in place
      to_rep.resize(n + 1), to_def.resize(n + 1);
      ListCounts counts{.children = 7};
      OpenLists(std::span(to_rep).first(n), std::span(to_def).first(n), list, OpenedLists<int64_t>{offsets.data(), slot_def.data(), to_rep.data(), to_def.data()}, counts);
      size_t entries = 0, slots = 0;
      uint64_t children = 7;
      bool stray = false;
      for (size_t i = 0; i < n; ++i) {
        if (rep[i] >= list.number) {
          if (def[i] <= list.outside) {
            ASSERT_LT(slots, counts.slots);
            ASSERT_EQ(offsets[slots], int64_t(children));
            ASSERT_EQ(slot_def[slots++], def[i]);
          }
          ASSERT_EQ(to_rep[entries], rep[i]);
          ASSERT_EQ(to_def[entries++], def[i]);
        }
        stray |= rep[i] < list.number && def[i] > list.inside;
        children += def[i] <= list.inside;
      }
      EXPECT_EQ(counts.entries, entries);
      EXPECT_EQ(counts.slots, slots);
      EXPECT_EQ(counts.children, children);
      EXPECT_EQ(counts.stray, stray);
    }
  }
}

TEST(LevelsTest, MasksOfAPackedBlockNeedNoUnpacking) {
  for (uint32_t width = 0; width <= 16; ++width) {
    const uint16_t max = static_cast<uint16_t>((1u << width) - 1);
    const auto levels = RandomLevels(1024, max, width);
    std::vector<uint8_t> packed(PackedBlockBytes(width));
    PackBlock<uint16_t>(levels.data(), width, packed.data());
    for (const uint16_t value : {uint16_t{0}, uint16_t{1}, levels[5], max, uint16_t{65535}}) {
      uint64_t expected[16], actual[16];
      LevelsEqual(levels, value, expected);
      PackedLevelsEqual(packed.data(), width, value, actual);
      for (int i = 0; i < 16; ++i) ASSERT_EQ(actual[i], expected[i]) << "width " << width << " value " << value;
    }
  }
}

TEST(LevelsTest, ExtractsRunsOfAPackedBlock) {
  for (uint32_t width = 0; width <= 16; ++width) {
    const auto levels = RandomLevels(1024, static_cast<uint16_t>((1u << width) - 1), width);
    std::vector<uint8_t> packed(PackedBlockBytes(width));
    PackBlock<uint16_t>(levels.data(), width, packed.data());
    for (const uint32_t first : {0u, 1u, 63u, 64u, 100u, 127u, 128u, 900u, 1023u}) {
      for (const uint32_t n : {0u, 1u, 17u, 64u, 124u, 1024u}) {
        std::vector<uint16_t> out(std::min(n, 1024 - first));
        ExtractPackedLevels(packed.data(), width, first, out);
        ASSERT_TRUE(std::equal(out.begin(), out.end(), levels.begin() + first)) << width << " " << first << " " << n;
      }
    }
  }
}

TEST(LevelsTest, SelectsCountsAndSteps) {
  std::mt19937_64 random(3);
  std::vector<uint64_t> mask(20);
  for (uint64_t& word : mask) word = random() & random() & random();
  mask[4] = 0;
  mask[7] = ~uint64_t{0};
  std::vector<size_t> positions;
  for (size_t i = 0; i < 64 * mask.size(); ++i) {
    if ((mask[i / 64] >> (i % 64)) & 1) positions.push_back(i);
  }
  std::vector<uint32_t> before(mask.size() + 1);
  RankMask(mask.data(), mask.size(), before.data());
  const auto select = [&](size_t rank) { return SelectMask(mask.data(), before.data(), mask.size(), rank); };
  for (size_t rank = 0; rank < positions.size(); ++rank) ASSERT_EQ(select(rank), positions[rank]);
  EXPECT_EQ(select(positions.size()), 64 * mask.size());
  size_t at = 0;
  for (const size_t position : positions) {
    ASSERT_EQ(NextInMask(mask.data(), 1280, at), position);
    at = position + 1;
  }
  EXPECT_EQ(NextInMask(mask.data(), 1280, at), 1280u);
  EXPECT_EQ(NextInMask(mask.data(), positions[3], positions[2] + 1), positions[3]);
  for (size_t end = 0; end <= 64 * mask.size(); ++end) {
    const auto expected = static_cast<size_t>(std::lower_bound(positions.begin(), positions.end(), end) - positions.begin());
    ASSERT_EQ(CountBefore(mask.data(), before.data(), end), expected) << end;
  }
}

TEST(LevelsTest, SetsRunsOfBits) {
  for (const size_t begin : {0, 1, 63, 64, 65, 190}) {
    for (const size_t end : {0, 1, 64, 65, 127, 128, 191, 192}) {
      uint64_t mask[3] = {0, 1, 0};
      SetMaskBits(mask, begin, end);
      for (size_t i = 0; i < 192; ++i) ASSERT_EQ((mask[i / 64] >> (i % 64)) & 1, i == 64 || (i >= begin && i < end)) << i;
    }
  }
}

}  // namespace
}  // namespace eider::kernel
