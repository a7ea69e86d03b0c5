#include "eider/kernel/scan.h"

#include <gtest/gtest.h>

#include <vector>

namespace eider::kernel {
namespace {

const uint8_t* Bytes(const std::vector<uint32_t>& v) { return reinterpret_cast<const uint8_t*>(v.data()); }

TEST(ScanTest, FindsWidthAndRuns) {
  const std::vector<uint32_t> values{5, 5, 9, 9, 9, 5, 1023};
  EXPECT_EQ(MaxBitWidth<uint32_t>(Bytes(values), values.size()), 10u);
  EXPECT_EQ(MaxBitWidth<uint32_t>(Bytes(values), 0), 0u);
  EXPECT_EQ(CountRuns<uint32_t>(Bytes(values), values.size()), 4u);
  EXPECT_EQ(CountRuns<uint32_t>(Bytes(values), 0), 0u);
  EXPECT_EQ(CountRuns<uint32_t>(Bytes(values), 1), 1u);
}

}  // namespace
}  // namespace eider::kernel
