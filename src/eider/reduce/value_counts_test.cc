#include "eider/reduce/value_counts.h"

#include <gtest/gtest.h>

#include <cmath>

#include "eider/base/hash_bytes.h"
#include "eider/expr/column.h"

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
    for (; next < wanted; ++next) estimate.Add(HashBytes({reinterpret_cast<const uint8_t*>(&next), 8}));
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

TEST(ValueCountsTest, ZerosAndNaNsOfHalvesAreOne) {
  ValueCounts counts;
  const TypePtr type = MakeType(TypeId::kHalfFloat);
  counts.Add(*ValuesOfType<uint16_t>(type, {0x0000, 0x8000, 0x7E00, 0xFE01, 0x3C00}), 0);
  EXPECT_EQ(counts.num_distinct(), 3u);
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

}  // namespace
}  // namespace eider::reduce
