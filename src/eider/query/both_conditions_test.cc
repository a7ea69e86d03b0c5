#include <eider/conditions.h>
#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/query/table_reader.h"

namespace eider::query {
namespace {

ArrayPtr OneNumber(uint64_t value) {
  BufferBuilder values;
  values.AppendValue(value);
  return MakeUInt64Array(std::move(values), 1);
}

std::vector<uint64_t> NumbersOf(const SqlExpression& sql) {
  std::vector<uint64_t> numbers;
  for (const ArrayPtr& value : sql.positional) numbers.push_back(UInt64Values(*value)[0]);
  return numbers;
}

TEST(BothConditions, KeepTheirParametersApart) {
  const SqlExpression left{.text = "a > $1 AND b = '$1' AND c < $most", .positional = {OneNumber(1)}, .named = {{"most", OneNumber(2)}}};
  const SqlExpression right{.text = "a < $2 OR a = $1 OR `$1` = $1", .positional = {OneNumber(3), OneNumber(4)}, .named = {}};
  const SqlExpression both = BothConditions(left, right);
  EXPECT_EQ(both.text, "(a > $1 AND b = '$1' AND c < $2) AND (a < $4 OR a = $3 OR `$1` = $3)");
  EXPECT_EQ(NumbersOf(both), (std::vector<uint64_t>{1, 2, 3, 4}));
  EXPECT_TRUE(both.named.empty());
  const SqlExpression three = BothConditions(both, {.text = "d = $most", .positional = {}, .named = {{"most", OneNumber(5)}}});
  EXPECT_EQ(three.text, "((a > $1 AND b = '$1' AND c < $2) AND (a < $4 OR a = $3 OR `$1` = $3)) AND (d = $5)");
}

TEST(BothConditions, ACommentEndsBeforeTheParenthesis) {
  EXPECT_EQ(BothConditions({.text = "a -- ) OR TRUE"}, {.text = "b"}).text, "(a -- ) OR TRUE\n) AND (b)");
}

TEST(BothConditions, NeitherBreaksOutOfItsParentheses) {
  EXPECT_THROW(BothConditions({.text = "a"}, {.text = "b) OR (c"}), Error);
  EXPECT_THROW(BothConditions({.text = "a /* "}, {.text = "*/ b"}), Error);
  EXPECT_THROW(BothConditions({.text = "a = $1"}, {.text = "b"}), Error);
}

}  // namespace
}  // namespace eider::query
