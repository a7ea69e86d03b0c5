#include "eider/query/row_id_index.h"

#include <gtest/gtest.h>

#include "eider/testing/int_columns.h"

namespace eider::query {
namespace {

TEST(RowIdIndexTest, FindsLiveRowsInRangesAndLists) {
  RowIdIndex index;
  index.Add(rows::RowIdSequence::FromRange(100, 5), nullptr);
  index.Add(rows::RowIdSequence::FromRange(0, 6), rows::DeletionVector::FromOffsets({0, 3}, 6).get());
  index.Add(rows::RowIdSequence::FromIds(std::vector<uint64_t>{3, 50, 7}), rows::DeletionVector::FromOffsets({1}, 3).get());
  index.Finish();
  EXPECT_EQ(index.Find(100), 0u);
  EXPECT_EQ(index.Find(104), 4u);
  EXPECT_EQ(index.Find(105), std::nullopt);
  EXPECT_EQ(index.Find(0), std::nullopt);
  EXPECT_EQ(index.Find(1), 5u);
  EXPECT_EQ(index.Find(2), 6u);
  EXPECT_EQ(index.Find(4), 7u);
  EXPECT_EQ(index.Find(3), 9u) << "the row was written anew: its old place is deleted";
  EXPECT_EQ(index.Find(50), std::nullopt);
  EXPECT_EQ(index.Find(7), 10u);
  EXPECT_EQ(index.Find(UINT64_MAX), std::nullopt);
}

TEST(RowIdIndexTest, RefusesTwoRowsOfOneId) {
  RowIdIndex index;
  index.Add(rows::RowIdSequence::FromRange(5, 5), nullptr);
  index.Add(rows::RowIdSequence::FromRange(9, 1), nullptr);
  EXPECT_EQ(testing::ErrorOf([&] { index.Finish(); }).kind(), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace eider::query
