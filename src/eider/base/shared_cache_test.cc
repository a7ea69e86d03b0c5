#include "eider/base/shared_cache.h"

#include <gtest/gtest.h>

namespace eider {
namespace {

struct Sized final : Cacheable {
  explicit Sized(uint64_t n) : bytes(n) {}
  uint64_t cached_bytes() const override { return bytes; }
  mutable uint64_t bytes;
};

TEST(SharedCacheTest, FindsWhatWasInsertedAndChargesItOnce) {
  MemoryBudget budget(1000);
  SharedCache cache(budget, 500, 10);
  const auto value = std::make_shared<const Sized>(100);
  cache.Insert("a", value);
  cache.Insert("a", std::make_shared<const Sized>(7));
  EXPECT_EQ(cache.Find("a"), value);
  EXPECT_EQ(cache.Find("b"), nullptr);
  EXPECT_EQ(cache.bytes(), 100u);
  EXPECT_EQ(budget.used_bytes(), 100u);
  cache.Clear();
  EXPECT_EQ(budget.used_bytes(), 0u);
}

TEST(SharedCacheTest, DropsTheLeastRecentlyUsedFirst) {
  MemoryBudget budget(1000);
  SharedCache cache(budget, 300, 10);
  for (const char* key : {"a", "b", "c"}) cache.Insert(key, std::make_shared<const Sized>(100));
  EXPECT_NE(cache.Find("a"), nullptr);
  cache.Insert("d", std::make_shared<const Sized>(100));
  EXPECT_EQ(cache.Find("b"), nullptr);
  EXPECT_NE(cache.Find("a"), nullptr);
  EXPECT_NE(cache.Find("d"), nullptr);
  EXPECT_EQ(budget.used_bytes(), 300u);
}

TEST(SharedCacheTest, ChargesGrowthWhenAnEntryIsFoundAgain) {
  MemoryBudget budget(1000);
  SharedCache cache(budget, 300, 10);
  const auto growing = std::make_shared<const Sized>(100);
  cache.Insert("old", std::make_shared<const Sized>(100));
  cache.Insert("growing", growing);
  growing->bytes = 250;
  EXPECT_EQ(cache.Find("growing"), growing);
  EXPECT_EQ(cache.Find("old"), nullptr);
  growing->bytes = 301;
  EXPECT_EQ(cache.Find("growing"), growing) << "too big to stay, yet good for this caller";
  EXPECT_EQ(cache.Find("growing"), nullptr);
  EXPECT_EQ(budget.used_bytes(), 0u);
}

TEST(SharedCacheTest, LeavesTheBudgetToOthers) {
  MemoryBudget budget(1000);
  SharedCache cache(budget, 500, 2);
  budget.Charge(950, "something else");
  cache.Insert("a", std::make_shared<const Sized>(100));
  EXPECT_EQ(cache.size(), 0u);
  budget.Release(950);
  for (const char* key : {"a", "b", "c"}) cache.Insert(key, std::make_shared<const Sized>(1));
  EXPECT_EQ(cache.size(), 2u);
}

}  // namespace
}  // namespace eider
