// Expressions at the edges of their types, behind guards, and with values made to be slow.

#include <eider/interrupt.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/expr/cast.h"
#include "eider/expr/exact_number.h"
#include "eider/expr/expression.h"
#include "eider/expr/functions/characters.h"
#include "eider/expr/pattern.h"
#include "eider/testing/arrays.h"

namespace eider::expr {
namespace {

using ::testing::HasSubstr;
using testing::Numbers;
using testing::Strings;

std::string Result(const std::string& sql, const TypePtr& type = MakeType(TypeId::kInt64), const std::vector<ArrayPtr>& columns = {}, int64_t rows = 1) {
  const Schema schema = columns.empty() ? Schema() : Schema{{{"x", type, true, {}}}, {}};
  const auto expression = Expression::Parse(sql, schema);
  const ArrayPtr value = expression->Evaluate(expression->columns().empty() ? std::vector<ArrayPtr>() : columns, rows);
  return value->IsValid(0) ? ToTextOf(*value->type)(*value, 0) : "null";
}

/// What the error says; nothing when there is none.
std::string Failure(const std::string& sql, const ArrayPtr& x, int64_t rows = 1) {
  try {
    Result(sql, x->type, {x}, rows);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// The rows, of those of x, where the condition is true.
std::vector<int64_t> Where(const std::string& sql, const ArrayPtr& x) {
  const auto expression = Expression::Parse(sql, Schema{{{"x", x->type, true, {}}}, {}});
  const Buffer bits = expression->Select(std::vector<ArrayPtr>(expression->columns().size(), x), x->length);
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < x->length; ++i) {
    if (GetBit(bits.data(), uint64_t(i))) rows.push_back(i);
  }
  return rows;
}

ArrayPtr Decimal(Int128 value, int precision, int scale) { return One(DecimalType(TypeId::kDecimal128, precision, scale), value); }
std::string OfDecimal(const std::string& sql, const ArrayPtr& x) { return Result(sql, x->type, {x}); }

TEST(RobustTest, NumbersInTextThatAreTooSmallAreZero) {
  EXPECT_EQ(Result("CAST('1e-400' AS double)"), "0.0");
  EXPECT_EQ(Result("'1e-60'::float"), "0.0");
  EXPECT_EQ(Result("'1e-99999999999'::double"), "0.0");
  EXPECT_EQ(Result("'-1e400'::double"), "-inf");
  EXPECT_EQ(Result("TRY_CAST('1e999zz' AS double)"), "null");
  EXPECT_EQ(Result("TRY_CAST('+-5' AS int)"), "null");
  EXPECT_EQ(Result("TRY_CAST('+-5' AS double)"), "null");
  EXPECT_EQ(Result("CAST('+5' AS int)"), "5");
}

TEST(RobustTest, RoundsDecimalsWithinTheirPrecision) {
  const Int128 nine = PowerOfTen(38) / 10 * 9;
  EXPECT_EQ(OfDecimal("floor(x)", Decimal(nine, 38, 38)), "0." + std::string(38, '0'));
  EXPECT_EQ(OfDecimal("floor(x)", Decimal(-999, 4, 2)), "-10.00");
  EXPECT_EQ(OfDecimal("round(x)", Decimal(250, 3, 2)), "3.00");
  EXPECT_EQ(OfDecimal("round(x)", Decimal(-250, 3, 2)), "-3.00");
  for (const std::string sql : {"ceil(x)", "round(x)"}) {
    EXPECT_THAT(Failure(sql, Decimal(999, 3, 2)), HasSubstr("no place in"));
    EXPECT_THAT(Failure(sql, Decimal(nine, 38, 38)), HasSubstr("no place in"));
  }
  EXPECT_THAT(Failure("abs(x)", Decimal(-(Int128(1) << 126) * 2, 38, 0)), HasSubstr("no place in"));
}

TEST(RobustTest, CastsDecimalsOfANegativeScale) {
  EXPECT_EQ(OfDecimal("CAST(x AS bigint)", Decimal(12, 5, -2)), "1200");
  EXPECT_THROW(OfDecimal("CAST(x AS bigint)", Decimal(12, 5, -30)), Error);
  EXPECT_THROW(OfDecimal("CAST(x AS bigint)", Decimal(12, 5, -60)), Error);
}

TEST(RobustTest, RowsBehindAFalseGuardDoNotFail) {
  const ArrayPtr x = Numbers<int64_t>({1, int64_t{1} << 60});
  EXPECT_THAT(Where("x < 9 AND array_length(array_resize([x], x)) = 1", x), ::testing::ElementsAre(0));
  EXPECT_THAT(Where("x < 9 AND array_length(array_repeat(x, x)) = 1", x), ::testing::ElementsAre(0));
  EXPECT_THAT(Where("x < 9 AND CAST([x] AS int[])[1] = 1", x), ::testing::ElementsAre(0));
  EXPECT_THAT(Where("x < 9 AND ceil(CAST(x AS decimal(38, 2)) * 1) = 1", x), ::testing::ElementsAre(0));
  EXPECT_THAT(Where("CASE WHEN x < 9 THEN array_length(array_repeat(x, x)) ELSE 7 END = 7", x), ::testing::ElementsAre(1));
  EXPECT_THAT(Where("x = 3 AND factorial(-1) = 1", x), ::testing::IsEmpty());
}

TEST(RobustTest, MomentsFarAwayBehindAFalseGuardDoNotFail) {
  auto x = std::make_shared<Array>(*Numbers<int64_t>({0, -INT64_MAX}));
  x->type = TimestampType(TimeUnit::kSecond);
  EXPECT_THAT(Where("x >= '1970-01-01' AND date_trunc('week', x) = '1969-12-29'", x), ::testing::ElementsAre(0));
}

TEST(RobustTest, BinsOfMonthsEndWithTheCalendar) {
  auto x = std::make_shared<Array>(*Numbers<int64_t>({1'000'000'000'000'000'000}));
  x->type = TimestampType(TimeUnit::kSecond);
  EXPECT_THAT(Failure("date_bin(INTERVAL '1 month', x)", x), HasSubstr("months from the origin"));
}

TEST(RobustTest, IntervalsHaveAPlaceOrAreRefused) {
  std::string days;
  for (int i = 0; i < 30; ++i) days += "99999999 days ";
  EXPECT_THROW(Result("INTERVAL '" + days + "'"), Error);
  EXPECT_NO_THROW(Result("INTERVAL '2499999 hours 62048 hours 00:00:01'"));
  EXPECT_THROW(Result("INTERVAL '2499999 hours 62048 hours 23:59:59'"), Error);
}

TEST(RobustTest, ListsThatGrowAreBoundedInAll) {
  const ArrayPtr x = Numbers<int64_t>({1000, int64_t{1} << 27});
  const auto expression = Expression::Parse("array_resize([1], x + 0)", Schema{{{"x", x->type, true, {}}}, {}});
  EXPECT_THROW(expression->Evaluate(std::vector<ArrayPtr>{x}, 2), Error);
}

TEST(RobustTest, FunctionsOfLongListsAskOftenWhetherTheyAreWanted) {
  static int asked = 0;
  const Schema schema{{{"x", MakeType(TypeId::kInt64), true, {}}}, {}};
  const std::vector<ArrayPtr> rows = {Numbers<int64_t>({0, 1, 2, 3, 4, 5})};
  const std::string list = "range(x, 70000)";
  asked = 0;
  const InterruptHook former = SetInterruptHook([] { ++asked; });
  Expression::Parse(list, schema)->Evaluate(rows, 6);
  const int of_range = asked;
  for (const char* call : {"array_intersect({}, [1])", "array_union({}, [1])", "array_sort({})", "array_has({}, -1)", "array_has_all({}, [1])", "array_position({}, -1)",
                           "array_positions({}, -1)", "array_max({})", "array_to_string({}, '')", "array_remove({}, -1)", "array_slice({}, 1, 2)"}) {
    asked = 0;
    Expression::Parse(fmt::format(fmt::runtime(call), list), schema)->Evaluate(rows, 6);
    EXPECT_GE(asked, of_range + 6) << call;
  }
  SetInterruptHook(former);
}

TEST(RobustTest, RangesAreCountedBeforeTheyAreMade) {
  const ArrayPtr x = Numbers<int64_t>({9'000'000'000'000'000'000});
  EXPECT_THAT(Failure("range(x)", x), HasSubstr("lists of 9000000000000000000 items at once"));
  EXPECT_THAT(Failure("generate_series(-x, x)", x), HasSubstr("lists of 18000000000000000001 items at once"));
  EXPECT_THAT(Failure("range(x, -x, -1)", x), HasSubstr("lists of 18000000000000000000 items at once"));
  EXPECT_EQ(Result("range(x, -x)", x->type, {x}), "[]");
  EXPECT_EQ(Result("range(5, 0, -2)"), "[5, 3, 1]");
  EXPECT_EQ(Result("generate_series(9223372036854775806, 9223372036854775807)"), "[9223372036854775806, 9223372036854775807]");
  EXPECT_EQ(Result("range(0, 7, 3)"), "[0, 3, 6]");
}

TEST(RobustTest, ErrorsOfValuesNameTheirPlace) {
  const ArrayPtr x = Numbers<int64_t>({0});
  EXPECT_THAT(Failure("x + 1 > 0 AND\n  100 / x > 1", x), HasSubstr("line 2, column 7: /: division by zero: 100 and 0\n    100 / x > 1\n        ^"));
  EXPECT_THAT(Failure("CAST(x - 1 AS tinyint unsigned)", x), HasSubstr("line 1, column 1: cast: -1 has no value as uint8"));
  EXPECT_THAT(Failure("CASE WHEN x = 0 THEN repeat('a', 1000000000 + x) END", x), HasSubstr("line 1, column 22: repeat: "));
  EXPECT_THAT(Failure("coalesce(NULL, x % x)", x), HasSubstr("line 1, column 18: %: division by zero"));
  EXPECT_THAT(Failure("x = 0 AND 1 / 0 = 1", x), HasSubstr("line 1, column 13: /: division by zero: 1 and 0"));
}

TEST(RobustTest, ListsOfTheSizeBecomeListsOfFixedSize) {
  const ArrayPtr x = Numbers<int64_t>({0, 1, 2, 3});
  const Schema schema{{{"x", x->type, true, {}}}, {}};
  const auto lists = Expression::Parse("CASE x WHEN 0 THEN [1, 2] WHEN 1 THEN NULL WHEN 2 THEN [3] ELSE [300, NULL] END", schema)->Evaluate({{x}}, 4);
  const TypePtr items = FixedSizeListType({"item", MakeType(TypeId::kDouble), true, {}}, 2), bytes = FixedSizeListType({"item", MakeType(TypeId::kInt8), true, {}}, 2);
  const auto cast = [&](const ArrayPtr& from, const TypePtr& to, bool lenient, Live live = nullptr) {
    const Column column{from, false};
    const ArrayPtr out = CastKernel(from->type, to, lenient)({{&column, 1}, from->length, live, to});
    std::vector<std::string> texts;
    for (int64_t row = 0; row < out->length; ++row) texts.push_back(out->IsValid(row) ? ToTextOf(*to)(*out, row) : "null");
    return texts;
  };
  EXPECT_THAT(cast(lists, items, true), ::testing::ElementsAre("[1.0, 2.0]", "null", "null", "[300.0, ]"));
  EXPECT_THAT(cast(lists, bytes, true), ::testing::ElementsAre("[1, 2]", "null", "null", "[, ]"));
  EXPECT_THAT(cast(SliceArray(lists, 3, 1), items, false), ::testing::ElementsAre("[300.0, ]"));
  const uint8_t live = 0b1011;
  EXPECT_THAT(cast(lists, items, false, &live), ::testing::ElementsAre("[1.0, 2.0]", "null", "null", "[300.0, ]"));
  EXPECT_THAT([&] { cast(lists, items, false); }, ::testing::ThrowsMessage<Error>(HasSubstr("a list of 1 items has no value as fixed_size_list<item: double>[2]")));
  EXPECT_THAT([&] { CastKernel(items, FixedSizeListType({"item", MakeType(TypeId::kDouble), true, {}}, 3), true); },
              ::testing::ThrowsMessage<Error>(HasSubstr("there is no cast")));
}

TEST(RobustTest, MatchesAreConditions) {
  const Schema schema{{{"x", MakeType(TypeId::kUtf8), true, {}}}, {}};
  const std::vector<ArrayPtr> columns{Strings({"abc", "xyz", std::nullopt})};
  EXPECT_EQ(Expression::ParseCondition("regexp_match(x, 'b')", schema)->Select(columns, 3).data()[0], 1);
  EXPECT_EQ(Expression::ParseCondition("NOT regexp_match(x, 'b')", schema)->Select(columns, 3).data()[0], 6);
  EXPECT_EQ(Expression::Parse("regexp_match(x, 'b')", schema)->type()->id, TypeId::kList);
  EXPECT_THROW(Expression::ParseCondition("length(x)", schema), Error);
}

TEST(RobustTest, TimesAreReadByFormats) {
  EXPECT_EQ(Result("to_timestamp('2024-01-02 03:04:05 +0200', '%F %T %z')"), "2024-01-02T01:04:05");
  EXPECT_EQ(Result("to_timestamp('Jan  5 2024 12:04 AM', '%b %e %Y %I:%M %p')"), "2024-01-05T00:04:00");
  EXPECT_EQ(Result("to_timestamp('2024-01-02T03:04:05.123', '%Y-%m-%dT%H:%M:%S%.3f')"), "2024-01-02T03:04:05.123");
  EXPECT_EQ(Result("to_timestamp('2024-01-02T03:04:05', '%Y-%m-%dT%H:%M:%S%.f')"), "2024-01-02T03:04:05");
  EXPECT_EQ(Result("to_timestamp('1700000000', '%s')"), "2023-11-14T22:13:20");
  EXPECT_EQ(Result("to_timestamp('2024-366', '%Y-%j')"), "2024-12-31T00:00:00");
  EXPECT_EQ(Result("to_unixtime('02.01.2024 10:00:00', '%d.%m.%Y %H:%M:%S')"), "1704189600");
  EXPECT_EQ(Result("to_date('friday, 05 january 24', '%A, %d %B %y')"), "2024-01-05");
  for (const char* sql : {"to_timestamp('2023-02-29', '%F')", "to_timestamp('2023-366', '%Y-%j')", "to_timestamp('24:00', '%H:%M')", "to_timestamp('2024-01-02x', '%F')",
                          "to_timestamp('2024', '%Q')", "to_timestamp('2024', '%')", "to_timestamp('9999-01-01', '%F')", "to_timestamp('13 PM', '%I %p')"}) {
    EXPECT_THROW(Result(sql), Error) << sql;
  }
  EXPECT_EQ(Result("to_timestamp(NULL, '%Y')"), "null");
}

TEST(RobustTest, NullifHasTheTypeOfBothSides) {
  const Schema schema{{{"a", MakeType(TypeId::kInt8), true, {}}, {"b", MakeType(TypeId::kInt32), true, {}}}, {}};
  EXPECT_EQ(Expression::Parse("nullif(a, b)", schema)->type()->id, TypeId::kInt32);
  EXPECT_EQ(Expression::Parse("nullif(a, 1)", schema)->type()->id, TypeId::kInt64);
  EXPECT_EQ(Expression::Parse("nullif(b, 1.5)", schema)->type()->id, TypeId::kDouble);
}

TEST(RobustTest, SetsOfManyItemsTakeLittleTime) {
  EXPECT_EQ(Result("array_length(array_union(range(200000), range(100000, 300000)))"), "300000");
  EXPECT_EQ(Result("array_length(array_except(range(200000), range(100000, 300000)))"), "100000");
  EXPECT_EQ(Result("array_union([3, 1, 3], [2, 1, NULL])"), "[3, 1, 2, ]");
  EXPECT_EQ(Result("array_intersect([3, 1, 3, 2], [2, 3])"), "[3, 2]");
}

TEST(RobustTest, FindsTheLastItemOfALongJsonArray) {
  std::string json = "[0";
  for (int i = 1; i < 200'000; ++i) json += "," + std::to_string(i);
  json += "]";
  const ArrayPtr x = Strings({json});
  EXPECT_EQ(Result("json_array_contains(x, '$', '199999')", x->type, {x}), "true");
  EXPECT_EQ(Result("json_array_contains(x, '$', '200000')", x->type, {x}), "false");
}

TEST(RobustTest, LikeWithLongPartsTakesLittleTime) {
  const std::string text(100'000, 'a'), part = "_" + std::string(20'000, 'a');
  EXPECT_FALSE(LikePattern("%" + part + "b%", false).Matches(text));
  EXPECT_TRUE(LikePattern("%" + part + "b%", false).Matches(text + "b"));
}

TEST(RobustTest, LikeWithLongPartsCountsCharacters) {
  const std::string many(40, 'x');
  EXPECT_TRUE(LikePattern("%é_" + many + "_%", false).Matches("aéñ" + many + "€b"));
  EXPECT_TRUE(LikePattern("%_" + many + "_%", false).Matches("é" + many + "€"));
  EXPECT_FALSE(LikePattern("%é__" + many + "_%", false).Matches("aéñ" + many + "€b"));
  EXPECT_FALSE(LikePattern("%_" + many + "_%", false).Matches(many + "€"));
  EXPECT_TRUE(LikePattern("%_" + many + "_%" + many + "_" + many + "%", false).Matches("1" + many + "2" + many + "ß" + many));
}

TEST(RobustTest, TimesAreOfOneDay) {
  EXPECT_EQ(Result("CAST(86399999999999 AS time)"), "23:59:59.999999999");
  EXPECT_THROW(Result("CAST(86400000000000 AS time)"), Error);
  EXPECT_THROW(Result("CAST(-1 AS time)"), Error);
}

TEST(RobustTest, ColumnNamesMayHoldBackquotes) {
  const Schema schema{{{"a`b.c", MakeType(TypeId::kInt64), true, {}}}, {}};
  EXPECT_THAT(Expression::Parse("`a``b.c` > 1", schema)->columns(), ::testing::ElementsAre("`a``b.c`"));
}

TEST(RobustTest, SearchesThatReadTheTextAgainForEachMatchEnd) {
  const std::string text(300'000, 'a');
  for (const char* sql : {"regexp_count(x, 'a*b|a')", "regexp_replace(x, 'a*b|a', 'c', 'g')"}) {
    EXPECT_THAT(Failure(sql, Strings({text})), HasSubstr("regular expression 'a*b|a': reads a text of 300000 bytes again for each match"));
  }
}

TEST(RobustTest, SearchesWithManyMatchesInLongTextsDoNotFail) {
  const std::string text(500'000, 'a');
  EXPECT_EQ(Result("regexp_count(x, 'a')", MakeType(TypeId::kUtf8), {Strings({text})}), "500000");
  EXPECT_EQ(Result("length(regexp_replace(x, '(a)(a)', '$2', 'g'))", MakeType(TypeId::kUtf8), {Strings({text})}), "250000");
  EXPECT_EQ(Result("regexp_replace('xay', 'a', '[$0]', 'g')"), "x[a]y");
}

TEST(RobustTest, SetsOfCharactersAreLookedUp) {
  std::string set;
  for (uint32_t c = 0x400; c < 0x20000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    AppendCharacter(c, set);
  }
  const std::string text = set + "a" + set + set;
  EXPECT_EQ(Result("btrim(x, substr(x, 1, 128000))", MakeType(TypeId::kUtf8), {Strings({text})}), "a");
  EXPECT_EQ(Result("translate(x, substr(x, 1, 128000), '')", MakeType(TypeId::kUtf8), {Strings({text})}), "a");
  EXPECT_EQ(Result("translate('hélloé-é', 'éléo', '01')"), "h0110-0");
  EXPECT_EQ(Result("translate('abcba', 'aab', 'xyz')"), "xzczx");
  EXPECT_EQ(Result("btrim('ééxaéé', 'éa')"), "x");
}

TEST(RobustTest, TextsThatGrowAreMadeOfFewerRowsAtOnce) {
  std::vector<std::optional<std::string>> texts(400, std::string(100, 'a'));
  texts[300] = "b";
  const ArrayPtr x = Strings(texts);
  EXPECT_THAT(Where("length(repeat(x, 10000)) < 1000000", x), ::testing::ElementsAre(300));  // 400 MB in all
  EXPECT_THAT(Where("length(CASE WHEN x = 'b' THEN 'c' ELSE repeat('d', 1000000) END) = 1", x), ::testing::ElementsAre(300));
  EXPECT_THAT(Where("length(x || repeat('d', 1000000)) = 1000001", x), ::testing::ElementsAre(300));
  const Schema schema{{{"x", x->type, true, {}}}, {}};
  const ArrayPtr lengths = Expression::Parse("length(repeat(x, 10000))", schema)->Evaluate(std::vector<ArrayPtr>{x}, 400);
  EXPECT_EQ(lengths->length, 400);
  EXPECT_EQ(ToTextOf(*lengths->type)(*lengths, 300), "10000");
  EXPECT_EQ(ToTextOf(*lengths->type)(*lengths, 301), "1000000");
}

TEST(RobustTest, ColumnsOfTextThatGrowAreBoundedInAll) {
  const std::vector<std::optional<std::string>> texts(1'200, std::string(100, 'a'));
  for (const char* sql : {"repeat(x, 10000)", "CASE WHEN x = 'a' THEN x ELSE repeat('d', 1000000) END"}) {
    EXPECT_THAT(Failure(sql, Strings(texts), 1'200), HasSubstr("more than 1024 MiB of text in a batch")) << sql;
  }
}

}  // namespace
}  // namespace eider::expr
