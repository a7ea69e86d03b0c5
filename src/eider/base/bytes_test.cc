#include "eider/base/bytes.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace eider {
namespace {

std::vector<uint8_t> RandomBytes(size_t n, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint8_t> bytes(n);
  for (uint8_t& byte : bytes) byte = uint8_t(random());
  return bytes;
}

TEST(BytesTest, CopiesBitsBetweenAnyOffsets) {
  const std::vector<uint8_t> source = RandomBytes(40, 1);
  for (uint64_t from = 0; from < 17; ++from) {
    for (uint64_t to = 0; to < 17; ++to) {
      for (const uint64_t count : {0, 1, 5, 8, 9, 63, 64, 65, 130, 200}) {
        const std::vector<uint8_t> before = RandomBytes(40, 2);
        std::vector<uint8_t> after = before;
        CopyBits(source.data(), from, after.data(), to, count);
        for (uint64_t i = 0; i < 320; ++i) {
          const bool inside = i >= to && i < to + count;
          ASSERT_EQ(GetBit(after.data(), i), inside ? GetBit(source.data(), from + i - to) : GetBit(before.data(), i));
        }
      }
    }
  }
}

TEST(BytesTest, ReadsNoByteOutsideTheWindow) {
  // Exact heap allocations, so that a sanitizer sees any overrun.
  for (uint64_t bits = 1; bits < 140; ++bits) {
    const std::vector<uint8_t> source = RandomBytes(BytesForBits(bits), bits);
    std::vector<uint8_t> copy(BytesForBits(bits));
    CopyBits(source.data(), 0, copy.data(), 0, bits);
    uint64_t expected = 0;
    for (uint64_t i = 0; i < bits; ++i) expected += GetBit(source.data(), i);
    EXPECT_EQ(CountBits(copy.data(), 0, bits), expected);
    for (uint64_t first = 0; first < bits; first += 3) {
      uint64_t tail = 0;
      for (uint64_t i = first; i < bits; ++i) tail += GetBit(source.data(), i);
      EXPECT_EQ(CountBits(source.data(), first, bits - first), tail);
    }
  }
}

TEST(BytesTest, FillsOnlyTheWindow) {
  for (uint64_t from = 0; from < 20; ++from) {
    for (uint64_t count = 0; count < 40; ++count) {
      for (const bool value : {false, true}) {
        std::vector<uint8_t> bits(8, value ? 0x00 : 0xff);
        FillBits(bits.data(), from, count, value);
        for (uint64_t i = 0; i < 64; ++i) ASSERT_EQ(GetBit(bits.data(), i), (i >= from && i < from + count) == value);
      }
    }
  }
}

TEST(BytesTest, ChecksSpansAndSums) {
  const std::vector<uint8_t> bytes{1, 2, 3, 4};
  EXPECT_EQ(ReadLe<uint16_t>(bytes, 2, "x"), 0x0403);
  EXPECT_THROW(ReadLe<uint16_t>(bytes, 3, "x"), Error);
  EXPECT_THROW(CheckedSubspan(bytes, ~uint64_t{0}, 2, "x"), Error);
  EXPECT_EQ(CheckedSubspan(bytes, 4, 0, "x").size(), 0u);
  EXPECT_THROW(CheckedAdd(~uint64_t{0}, 1, "x"), Error);
  EXPECT_THROW(CheckedMul(uint64_t{1} << 40, uint64_t{1} << 30, "x"), Error);
}

}  // namespace
}  // namespace eider
