#include "eider/reduce/value_counts.h"

#include <gtest/gtest.h>

#include <cmath>

#include "eider/expr/column.h"
#include "eider/page/distinct_values.h"
#include "eider/reduce/row_keys.h"

namespace eider::reduce {
namespace {

template <typename T>
ArrayPtr ValuesOfType(const TypePtr& type, const std::vector<std::optional<T>>& values) {
  expr::Builder<T> builder(static_cast<int64_t>(values.size()));
  for (const std::optional<T>& value : values) value ? builder.Append(*value) : builder.AppendNull();
  return builder.Finish(type);
}

TEST(DistinctEstimateTest, IsWithinThreePercentFromFewToMany) {
  DistinctEstimate estimate;
  uint64_t next = 0;
  for (const uint64_t wanted : {0, 1, 10, 1000, 20'000, 50'000, 300'000, 2'000'000}) {
    for (; next < wanted; ++next) estimate.Add(page::HashBytes({reinterpret_cast<const uint8_t*>(&next), 8}));
    EXPECT_NEAR(static_cast<double>(estimate.Count()), static_cast<double>(wanted), 0.03 * static_cast<double>(wanted) + 0.5);
  }
}

TEST(ValueCountsTest, FewValuesAreCountedExactlyAcrossMerges) {
  ValueCounts a, b;
  const TypePtr type = MakeType(TypeId::kDouble);
  a.Add(*ValuesOfType<double>(type, {1.0, std::nullopt, 0.0, -0.0, std::nan("")}), 0);
  b.Add(*ValuesOfType<double>(type, {-std::nan(""), 1.0, 1.0, 5.0}), 1);
  a.Merge(b);
  EXPECT_EQ(a.num_distinct(), 4u);
  EXPECT_FALSE(a.is_estimate());
  const ValueCounts::Top top = a.MostFrequent(type, 2);
  EXPECT_EQ(top.values->buffers[0].as<double>()[0], 1.0);
  EXPECT_EQ(top.counts, (std::vector<uint64_t>{3, 2}));
}

TEST(ValueCountsTest, LongTextsAreNotKept) {
  ValueCounts counts;
  std::string text(100'000, 'a');
  for (int i = 0; i < 200; ++i) {
    text[0] = static_cast<char>('a' + i % 100);
    counts.Add(*ValuesOfType<std::string_view>(MakeType(TypeId::kUtf8), {text, "short", "short"}), static_cast<uint64_t>(8 * i));
  }
  EXPECT_TRUE(counts.is_estimate());
  EXPECT_NEAR(static_cast<double>(counts.num_distinct()), 101, 4);
  EXPECT_EQ(counts.MostFrequent(MakeType(TypeId::kUtf8), 5).values->length, 1);
}

TEST(KeySetTest, NumbersKeysInTheirOrderAndChargesTheBudget) {
  MemoryBudget budget(1 << 20);
  KeySet set(budget, "keys");
  const auto add = [&set](uint64_t key) { return set.Number({reinterpret_cast<const uint8_t*>(&key), 8}, key * 0x9E3779B97F4A7C15); };
  for (uint64_t i = 0; i < 5000; ++i) EXPECT_EQ(add(i), i);
  for (uint64_t i = 0; i < 5000; ++i) EXPECT_EQ(add(i), i);
  EXPECT_GE(budget.used_bytes(), 5000u * 20);
  EXPECT_THROW(for (uint64_t i = 0; i < 1'000'000; ++i) add(i), Error);
  EXPECT_LE(budget.used_bytes(), budget.limit_bytes());
}

TEST(RowKeysTest, EqualRowsHaveEqualBytesAndOthersDiffer) {
  const ArrayPtr texts = ValuesOfType<std::string_view>(MakeType(TypeId::kUtf8), {"a", "ab", std::nullopt, "", "a", ""});
  const ArrayPtr more = ValuesOfType<std::string_view>(MakeType(TypeId::kUtf8), {"bc", "c", "", std::nullopt, "bc", ""});
  const std::vector<ArrayPtr> columns = {texts, more};
  const RowKeys keys(columns, 6);
  for (int64_t i = 0; i < 6; ++i) {
    for (int64_t j = 0; j < 6; ++j) EXPECT_EQ(std::ranges::equal(keys.At(i), keys.At(j)), i == j || (i % 4 == 0 && j % 4 == 0)) << i << " " << j;
  }
}

}  // namespace
}  // namespace eider::reduce
