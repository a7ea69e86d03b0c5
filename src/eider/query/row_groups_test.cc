#include "eider/query/row_groups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace eider::query {
namespace {

TEST(RowGroupsTest, EveryRowKeepsItsPlace) {
  std::mt19937_64 random(1);
  for (const size_t num_fragments : {1u, 2u, 7u, 40u}) {
    std::vector<uint64_t> starts{0};
    for (size_t i = 0; i < num_fragments; ++i) starts.push_back(starts.back() + random() % 5 + (i == 0 ? 1 : 0));
    std::vector<uint64_t> positions(200);
    for (uint64_t& position : positions) position = random() % starts.back();
    const RowGroups rows(starts, positions);
    std::vector<uint64_t> found(positions.size());
    std::vector<uint64_t> grouped;
    for (const RowGroups::Group& group : rows.groups()) {
      for (size_t i = 0; i < group.live.size(); ++i) {
        const uint64_t position = starts[group.fragment] + group.live[i];
        EXPECT_LT(position, starts[group.fragment + 1]);
        found[group.slots.empty() ? i : group.slots[i]] = position;
        grouped.push_back(position);
      }
    }
    EXPECT_EQ(found, positions);
    if (num_fragments == 1) continue;
    const std::vector<int64_t> places = rows.Places();
    for (size_t i = 0; i < positions.size(); ++i) EXPECT_EQ(grouped[static_cast<size_t>(places[i])], positions[i]);
  }
}

TEST(RowGroupsTest, AscendingPositionsAreInOrder) {
  const std::vector<uint64_t> starts{0, 10, 10, 20};
  const std::vector<uint64_t> ascending{3, 2, 12, 19}, mixed{12, 3};
  EXPECT_TRUE(RowGroups(starts, ascending).in_order());
  EXPECT_FALSE(RowGroups(starts, mixed).in_order());
  EXPECT_EQ(RowGroups(starts, ascending).groups().size(), 2u);
}

TEST(RowGroupsTest, EmptyFragmentsHoldNoPosition) {
  const std::vector<uint64_t> starts{0, 0, 4, 4, 4, 6};
  EXPECT_EQ(FindFragment(starts, 0), 1u);
  EXPECT_EQ(FindFragment(starts, 3), 1u);
  EXPECT_EQ(FindFragment(starts, 4), 4u);
}

}  // namespace
}  // namespace eider::query
