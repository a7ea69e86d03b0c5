#include "eider/base/key_set.h"

#include <gtest/gtest.h>

#include "eider/base/error.h"

namespace eider {
namespace {

TEST(KeySetTest, NumbersKeysInTheirOrderAndChargesTheBudget) {
  MemoryBudget budget(1 << 20);
  KeySet set(budget, "keys");
  const auto add = [&set](uint64_t key) { return set.Number({reinterpret_cast<const uint8_t*>(&key), 8}, key * 0x9E3779B97F4A7C15); };
  for (uint64_t i = 0; i < 5000; ++i) EXPECT_EQ(add(i), i);
  for (uint64_t i = 0; i < 5000; ++i) EXPECT_EQ(add(i), i);
  const uint64_t known = 4999, unknown = 5000;
  EXPECT_EQ(set.Find({reinterpret_cast<const uint8_t*>(&known), 8}, known * 0x9E3779B97F4A7C15), 4999u);
  EXPECT_EQ(set.Find({reinterpret_cast<const uint8_t*>(&unknown), 8}, unknown * 0x9E3779B97F4A7C15), std::nullopt);
  EXPECT_GE(budget.used_bytes(), 5000u * 20);
  EXPECT_THROW(for (uint64_t i = 0; i < 1'000'000; ++i) add(i), Error);
  EXPECT_LE(budget.used_bytes(), budget.limit_bytes());
}

}  // namespace
}  // namespace eider
