#include "eider/expr/portions.h"

#include <gtest/gtest.h>

#include "eider/expr/expression.h"
#include "eider/testing/arrays.h"

namespace eider::expr {
namespace {

using testing::Strings;

constexpr uint64_t kMostMade = 1 << 20;

/// The numbers of rows, one after the other, that repeat(x, times) is evaluated of.
std::vector<int64_t> PortionsOf(const std::vector<std::optional<std::string>>& texts, const std::string& sql) {
  const ArrayPtr x = Strings(texts);
  const auto expression = Expression::Parse(sql, Schema{{{"x", x->type, true, {}}}, {}});
  const Portions portions(kMostMade);
  std::vector<int64_t> rows;
  for (int64_t first = 0; first < x->length; first += rows.back()) {
    ArrayPtr values;
    rows.push_back(portions.Next(x->length - first, [&](int64_t count) {
      values = expression->Evaluate(std::vector<ArrayPtr>{SliceArray(x, first, count)}, count);
    }));
    EXPECT_EQ(values->length, rows.back());
    if (rows.back() > 1) EXPECT_LE(ArrayBytes(*values), kMostMade + kMostMade / 16) << sql;
  }
  return rows;
}

TEST(PortionsTest, NarrowRowsAreEvaluatedAtOnce) {
  EXPECT_EQ(PortionsOf(std::vector<std::optional<std::string>>(1000, "a"), "upper(x)"), std::vector<int64_t>{1000});
}

TEST(PortionsTest, RowsThatMakeMuchTextAreEvaluatedInFew) {
  for (const char* sql : {"repeat(x, 10000)", "repeat('a', 10000)", "CASE WHEN x = 'b' THEN x ELSE repeat('a', 10000) END", "length(repeat(x, 10000))"}) {
    const std::vector<int64_t> rows = PortionsOf(std::vector<std::optional<std::string>>(1000, "a"), sql);
    EXPECT_GE(rows.size(), 10u) << sql;
    EXPECT_LE(rows.size(), 25u) << sql << ": widths are learnt";
  }
}

TEST(PortionsTest, WideRowsMayFollowNarrowOnesAndOneMayBeWiderThanAll) {
  std::vector<std::optional<std::string>> texts(3000, "a");
  for (size_t i = 1000; i < 1004; ++i) texts[i] = std::string(300, 'b');
  const std::vector<int64_t> rows = PortionsOf(texts, "repeat(x, 5000)");
  EXPECT_GE(std::ranges::count(rows, 1), 4) << "of 1.5 MB each";
  EXPECT_LE(rows.size(), 45u) << "and rows that are narrow again go together";
}

TEST(PortionsTest, OtherErrorsAreTheCallers) {
  const Portions portions(kMostMade);
  int calls = 0;
  const auto fail = [&](ErrorKind kind) {
    try {
      portions.Next(8, [&](int64_t) {
        ++calls;
        throw Error(kind, "no");
      });
    } catch (const Error& error) {
      return std::optional(error.kind());
    }
    return std::optional<ErrorKind>();
  };
  EXPECT_EQ(fail(ErrorKind::kInvalid), ErrorKind::kInvalid);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(fail(ErrorKind::kOutOfBudget), ErrorKind::kOutOfBudget) << "one row cannot be fewer";
  EXPECT_EQ(calls, 1 + 3) << "8, 2, 1";
}

}  // namespace
}  // namespace eider::expr
