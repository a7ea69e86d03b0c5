#include "eider/rows/deletion_vector.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "eider/rows/portable_roaring.h"

namespace eider::rows {
namespace {


/// Every question answered by brute force.
void ExpectAgrees(const DeletionVector& vector, const std::set<uint32_t>& deleted, uint64_t num_rows) {
  ASSERT_EQ(vector.num_deleted(), deleted.size());
  uint64_t live = 0;
  for (uint64_t row = 0; row < num_rows; ++row) {
    ASSERT_EQ(vector.IsDeleted(row), deleted.contains(static_cast<uint32_t>(row)));
    ASSERT_EQ(vector.CountLive(row), live);
    if (deleted.contains(static_cast<uint32_t>(row))) continue;
    ASSERT_EQ(vector.PhysicalOffset(live), row);
    ++live;
  }
  EXPECT_EQ(vector.num_live(), live);
  EXPECT_EQ(vector.CountLive(num_rows), live);
  EXPECT_EQ(vector.Offsets(), std::vector<uint32_t>(deleted.begin(), deleted.end()));
  std::vector<uint64_t> rows;
  for (const RowRange& range : vector.LiveRanges(num_rows / 3, num_rows - num_rows / 3)) {
    for (uint64_t i = 0; i < range.count; ++i) rows.push_back(range.first + i);
  }
  std::vector<uint64_t> expected;
  for (uint64_t row = num_rows / 3; row < num_rows; ++row) {
    if (!deleted.contains(static_cast<uint32_t>(row))) expected.push_back(row);
  }
  EXPECT_EQ(rows, expected);
}

TEST(DeletionVectorTest, AgreesWithBruteForceForEveryDensity) {
  std::mt19937 random(7);
  for (const uint64_t num_rows : {1u, 63u, 64u, 511u, 512u, 513u, 5000u}) {
    for (const double density : {0.0, 0.01, 0.2, 0.9, 1.0}) {
      std::set<uint32_t> deleted;
      for (uint32_t row = 0; row < num_rows; ++row) {
        if (std::uniform_real_distribution<>(0, 1)(random) < density) deleted.insert(row);
      }
      std::vector<uint32_t> offsets(deleted.begin(), deleted.end());
      std::shuffle(offsets.begin(), offsets.end(), random);
      const DeletionVectorPtr vector = DeletionVector::FromOffsets(offsets, num_rows);
      ExpectAgrees(*vector, deleted, num_rows);
      ExpectAgrees(*DeletionVector::FromRoaring(SpanOf(vector->ToRoaring()), num_rows), deleted, num_rows);
    }
  }
}

TEST(DeletionVectorTest, ReadsArrayBitmapAndRunContainers) {
  std::vector<uint32_t> offsets;
  for (uint32_t i = 0; i < 70000; i += 3) offsets.push_back(i);                 // a bitmap, then an array
  for (uint32_t i = 200000; i < 330000; ++i) offsets.push_back(i);              // runs over three containers
  const std::string bytes = DeletionVector::FromOffsets(offsets, 400000)->ToRoaring();
  EXPECT_EQ(DeletionVector::FromRoaring(SpanOf(bytes), 400000)->Offsets(), offsets);
}

TEST(DeletionVectorTest, RefusesRowsOutsideTheFragmentAndDuplicates) {
  EXPECT_THROW(DeletionVector::FromOffsets({1, 5}, 5), Error);
  EXPECT_THROW(DeletionVector::FromOffsets({1, 1}, 5), Error);
  const std::string bytes = DeletionVector::FromOffsets({1, 5}, 6)->ToRoaring();
  EXPECT_THROW(DeletionVector::FromRoaring(SpanOf(bytes), 5), Error);
}

TEST(DeletionVectorTest, RefusesATruncatedBitmapAtEveryLength) {
  const std::string bytes = DeletionVector::FromOffsets({1, 5, 70000}, 80000)->ToRoaring();
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_THROW(DeletionVector::FromRoaring(SpanOf(bytes).first(n), 80000), Error) << n;
  }
}

}  // namespace
}  // namespace eider::rows
