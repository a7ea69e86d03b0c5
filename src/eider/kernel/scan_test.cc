#include "eider/kernel/scan.h"

#include <gtest/gtest.h>

#include <vector>

namespace eider::kernel {
namespace {

const uint8_t* Bytes(const std::vector<uint32_t>& v) { return reinterpret_cast<const uint8_t*>(v.data()); }

TEST(ScanTest, FindsWidthRunsAndBounds) {
  const std::vector<uint32_t> values{5, 5, 9, 9, 9, 5, 1023};
  EXPECT_EQ(MaxBitWidth<uint32_t>(Bytes(values), values.size()), 10u);
  EXPECT_EQ(MaxBitWidth<uint32_t>(Bytes(values), 0), 0u);
  EXPECT_EQ(CountRuns<uint32_t>(Bytes(values), values.size()), 4u);
  EXPECT_EQ(CountRuns<uint32_t>(Bytes(values), 0), 0u);
  EXPECT_EQ(CountRuns<uint32_t>(Bytes(values), 1), 1u);
  const auto bounds = FindMinMax<uint32_t>(Bytes(values), values.size());
  EXPECT_EQ(bounds.min, 5u);
  EXPECT_EQ(bounds.max, 1023u);
}

TEST(ScanTest, KnowsWhenAllValuesAreEqual) {
  const std::vector<uint32_t> equal(100, 7);
  std::vector<uint32_t> last_differs = equal;
  last_differs.back() = 8;
  EXPECT_TRUE(AllEqual(Bytes(equal), 100, 4));
  EXPECT_TRUE(AllEqual(Bytes(last_differs), 99, 4));
  EXPECT_FALSE(AllEqual(Bytes(last_differs), 100, 4));
  EXPECT_TRUE(AllEqual(Bytes(last_differs), 0, 4));
}

TEST(ScanTest, MeasuresTheEntropyOfBytePositions) {
  std::vector<uint32_t> values(256);
  for (uint32_t i = 0; i < 256; ++i) values[i] = i;
  EXPECT_DOUBLE_EQ(EntropyOf(CountBytes(Bytes(values), 256, 4)), 8.0);
  EXPECT_DOUBLE_EQ(EntropyOf(CountBytes(Bytes(values) + 1, 256, 4)), 0.0);
  EXPECT_DOUBLE_EQ(EntropyOf(ByteHistogram{}), 0.0);
}

}  // namespace
}  // namespace eider::kernel
