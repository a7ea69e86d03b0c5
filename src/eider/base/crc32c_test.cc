#include "eider/base/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string_view>
#include <vector>

namespace eider {
namespace {

TEST(Crc32cTest, GivesTheValuesOfTheIscsiStandard) {
  EXPECT_EQ(Crc32c(SpanOf("123456789")), 0xE3069283u);
  const std::vector<uint8_t> zeros(32, 0), ones(32, 0xFF);
  EXPECT_EQ(Crc32c(zeros), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(ones), 0x62A8AB43u);
  EXPECT_EQ(Crc32c({}), 0u);
}

TEST(Crc32cTest, AgreesWithThePortableFormAtEveryLengthAndOffset) {
  std::mt19937_64 random(7);
  std::vector<uint8_t> bytes(20000);
  for (uint8_t& b : bytes) b = uint8_t(random());
  for (uint64_t n = 0; n < 1300; ++n) {
    const ByteSpan span = ByteSpan(bytes).subspan(n % 9, n);
    ASSERT_EQ(Crc32c(span), Crc32cPortable(span)) << n;
  }
  for (const uint64_t n : {3071u, 3072u, 3073u, 4096u, 6144u, 8191u, 16384u, 19999u}) {
    ASSERT_EQ(Crc32c(ByteSpan(bytes).first(n)), Crc32cPortable(ByteSpan(bytes).first(n))) << n;
  }
}

TEST(Crc32cTest, ContinuesWhereAnEarlierPartEnded) {
  std::vector<uint8_t> bytes(5000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = uint8_t(i * 7);
  const uint32_t whole = Crc32c(bytes);
  for (const size_t cut : {0u, 1u, 8u, 385u, 3072u, 4999u, 5000u}) {
    EXPECT_EQ(Crc32c(ByteSpan(bytes).subspan(cut), Crc32c(ByteSpan(bytes).first(cut))), whole) << cut;
  }
}

}  // namespace
}  // namespace eider
