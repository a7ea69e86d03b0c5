#include "eider/query/row_ranges.h"

#include <gtest/gtest.h>

namespace eider::query {
namespace {

TEST(RowRangesTest, NormalizeSortsAndJoins) {
  EXPECT_EQ(Normalize({{10, 5}, {0, 3}, {3, 2}, {12, 1}, {7, 0}}), (RowRanges{{0, 5}, {10, 5}}));
  EXPECT_EQ(Normalize({}), RowRanges{});
}

TEST(RowRangesTest, IntersectKeepsWhatBothHave) {
  EXPECT_EQ(Intersect({{0, 10}, {20, 10}}, {{5, 20}, {28, 9}}), (RowRanges{{5, 5}, {20, 5}, {28, 2}}));
  EXPECT_EQ(Intersect({{0, 10}}, {{10, 5}}), RowRanges{});
  EXPECT_EQ(Intersect({{0, UINT64_MAX}}, {{7, 1}}), (RowRanges{{7, 1}}));
}

}  // namespace
}  // namespace eider::query
