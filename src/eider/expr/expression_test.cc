#include "eider/expr/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eider/testing/arrays.h"

namespace eider::expr {
namespace {

using ::testing::ElementsAre;
using testing::Numbers;
using testing::OptionalNumbers;
using testing::Strings;

std::vector<int64_t> RowsOf(std::string_view sql, const Schema& schema, const std::vector<ArrayPtr>& arrays) {
  const auto expression = Expression::Parse(sql, schema);
  std::vector<ArrayPtr> wanted;
  for (const std::string& path : expression->columns()) wanted.push_back(arrays[size_t(schema.FieldIndex(path))]);
  const Buffer bits = expression->Select(wanted, arrays[0]->length);
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < arrays[0]->length; ++i) {
    if (GetBit(bits.data(), uint64_t(i))) rows.push_back(i);
  }
  return rows;
}

class ExpressionTest : public ::testing::Test {
 protected:
  Schema schema_{{{"x", MakeType(TypeId::kInt64), true, {}}, {"s", MakeType(TypeId::kUtf8), true, {}}}, {}};
  std::vector<ArrayPtr> arrays_{OptionalNumbers<int64_t>({1, 2, std::nullopt, 4}), Strings({"a", std::nullopt, "c", "d"})};
  std::vector<int64_t> Keeps(std::string_view sql) { return RowsOf(sql, schema_, arrays_); }
};

TEST_F(ExpressionTest, ComparesAColumnWithALiteral) {
  EXPECT_THAT(Keeps("x > 1"), ElementsAre(1, 3));
  EXPECT_THAT(Keeps("1 >= x"), ElementsAre(0));
  EXPECT_THAT(Keeps("s = 'c'"), ElementsAre(2));
}

TEST_F(ExpressionTest, HasThreeTruthValues) {
  EXPECT_THAT(Keeps("x > 1 AND s > 'a'"), ElementsAre(3));
  EXPECT_THAT(Keeps("x > 1 OR s > 'a'"), ElementsAre(1, 2, 3));
  EXPECT_THAT(Keeps("NOT x > 1"), ElementsAre(0));
  EXPECT_THAT(Keeps("x IS NULL OR s IS NULL"), ElementsAre(1, 2));
  EXPECT_THAT(Keeps("(x > 1) IS UNKNOWN"), ElementsAre(2));
}

TEST_F(ExpressionTest, SplitsConjuncts) {
  const auto parts = Expression::Parse("x > 1 AND (s = 'd' AND x < 9)", schema_)->Conjuncts();
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_THAT(parts[1]->columns(), ElementsAre("s"));
  const std::optional<ColumnTest> test = parts[2]->AsColumnTest();
  ASSERT_TRUE(test.has_value());
  EXPECT_EQ(test->column, "x");
  EXPECT_EQ(test->kind, TestKind::kLess);
  EXPECT_EQ(test->values->buffers[0].as<int64_t>()[0], 9);
}

}  // namespace
}  // namespace eider::expr
