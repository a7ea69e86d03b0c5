#include "eider/query/row_run.h"

#include <gtest/gtest.h>

#include <numeric>

namespace eider::query {
namespace {

TEST(RowRunTest, PartsOfChosenRowsShareThemAndCoverTheirWindow) {
  std::vector<uint64_t> rows(1000);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = 5 + 3 * i;
  RowRun run{.fragment = 2, .first = 4, .count = 3100, .chosen = rows, .known = {}};
  const uint64_t* const all = run.chosen->span().data();
  std::vector<uint64_t> found;
  uint64_t end = 4;
  while (run.size() > 0) {
    const RowRun head = run.Cut(std::min<uint64_t>(run.size(), 7));
    EXPECT_EQ(head.fragment, 2u);
    EXPECT_EQ(head.first, end);
    EXPECT_GE(head.chosen->front(), head.first);
    EXPECT_LT(head.chosen->back(), head.first + head.count);
    EXPECT_EQ(head.chosen->span().data(), all + found.size()) << "no row is moved";
    end = head.first + head.count;
    for (const uint64_t row : head.chosen->span()) found.push_back(row);
  }
  EXPECT_EQ(found, rows);
  EXPECT_EQ(end, 3104u);
}

TEST(RowRunTest, PartsOfAllRowsFollowEachOther) {
  RowRun run{.fragment = 0, .first = 10, .count = 100, .chosen = {}, .known = {}};
  const RowRun head = run.Cut(30), rest = run.Cut(70);
  EXPECT_EQ(head.first, 10u);
  EXPECT_EQ(head.count, 30u);
  EXPECT_EQ(rest.first, 40u);
  EXPECT_EQ(rest.count, 70u);
  EXPECT_EQ(run.size(), 0u);
}

}  // namespace
}  // namespace eider::query
