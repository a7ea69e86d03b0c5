#include "eider/expr/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/expr/expression.h"

namespace eider::expr {
namespace {

using ::testing::HasSubstr;

std::string Times(std::string_view text, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += text;
  return out;
}

std::string ErrorOf(std::string_view sql) {
  const Schema schema{{{"price", MakeType(TypeId::kInt32), true, {}}, {"name", MakeType(TypeId::kUtf8), true, {}}}, {}};
  try {
    Expression::Parse(sql, schema);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
    return error.what();
  }
  return "";
}

TEST(ParserTest, FlattensChains) {
  const SyntaxPtr chain = ParseSyntax("a OR b OR c AND d");
  EXPECT_EQ(chain->kind, SyntaxKind::kOr);
  ASSERT_EQ(chain->children.size(), 3u);
  EXPECT_EQ(chain->children[2]->kind, SyntaxKind::kAnd);
}

TEST(ParserTest, BindsAsTheReferenceDoes) {
  EXPECT_EQ(ParseSyntax("NOT a = b")->kind, SyntaxKind::kNot);
  EXPECT_EQ(ParseSyntax("NOT a IS NULL")->kind, SyntaxKind::kNot);
  EXPECT_EQ(ParseSyntax("a + 1 BETWEEN 1 AND 2 AND b")->kind, SyntaxKind::kAnd);
  EXPECT_EQ(ParseSyntax("-a.b[1]::int")->kind, SyntaxKind::kUnary);
  EXPECT_EQ(ParseSyntax("a || b = c")->operators, std::vector<std::string>{"="});
}

TEST(ParserTest, TakesLongChains) {
  for (const std::string_view link : {" OR true", " AND true", " + 1", " || 'a'"}) {
    const std::string text = (link[1] == 'O' || link[1] == 'A' ? "false" : link[1] == '+' ? "1" : "'a'") + Times(link, 100'000);
    EXPECT_NO_THROW(ParseSyntax(text)) << link;
  }
  EXPECT_EQ(ErrorOf("price = 1" + Times(" OR price = 2", 100'000)), "");
  EXPECT_EQ(ErrorOf("price + 1" + Times(" + price", 100'000) + " > 0"), "");
}

TEST(ParserTest, BoundsNesting) {
  EXPECT_NO_THROW(ParseSyntax(Times("(", 100) + "1" + Times(")", 100)));
  for (const std::string& text : {Times("(", 100'000), Times("NOT ", 100'000) + "a", Times("- ", 100'000) + "1", "a" + Times("[1]", 100'000), "a" + Times(" IS NULL", 100'000),
                                  "a" + Times("::int", 100'000), "null::int" + Times("[]", 100'000), "cast(null as int" + Times("[]", 100'000) + ")", "a" + Times(".b", 100'000), Times("f(", 100'000), Times("CASE WHEN ", 100'000), Times("[", 100'000)}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("nested more than")) << text.substr(0, 20);
  }
  EXPECT_THAT(ErrorOf(std::string(kMaxTextBytes + 1, ' ')), HasSubstr("bytes"));
}

TEST(ParserTest, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(ErrorOf("price > "), "line 1, column 9: expected an expression, found the end\n  price > \n          ^");
  EXPECT_THAT(ErrorOf("price >\n 1 AND name LIKE"), HasSubstr("line 2, column 17"));
  EXPECT_THAT(ErrorOf("price IN (1, 2"), HasSubstr("expected ')', found the end"));
  EXPECT_THAT(ErrorOf("prize > 1"), HasSubstr("there is no column 'prize'; the columns are price, name"));
  EXPECT_THAT(ErrorOf("lowr(name) = 'a'"), HasSubstr("is 'lower' meant?"));
  EXPECT_THAT(ErrorOf("lower(price) = 'a'"), HasSubstr("lower(int32): the arguments do not fit lower(text)"));
  EXPECT_THAT(ErrorOf("price = 'x'"), HasSubstr("int32 and string"));
  EXPECT_THAT(ErrorOf("price AND true"), HasSubstr("expected a boolean, found int32"));
  EXPECT_THAT(ErrorOf("$1 = 1"), HasSubstr("there is no value for parameter $1"));
  EXPECT_THAT(ErrorOf("price IN (SELECT 1)"), HasSubstr("no subqueries"));
  EXPECT_THAT(ErrorOf("'abc"), HasSubstr("no closing quote"));
  EXPECT_THAT(ErrorOf("price = 1 /* x"), HasSubstr("comment"));
  EXPECT_THAT(ErrorOf("CAST(price AS foo)"), HasSubstr("there is no type 'foo'"));
  EXPECT_THAT(ErrorOf(std::string_view("price\0= 1", 9)), HasSubstr("unexpected character U+0000"));
}

TEST(ParserTest, SaysHowAParameterIsAList) {
  try {
    ParseSyntax("x NOT IN $ids");
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(std::string_view(error.what()).find("expected parentheses: IN ($ids), found '$ids'") != std::string_view::npos) << error.what();
  }
}

TEST(ParserTest, ErrorsAreShortWhateverTheText) {
  for (const std::string& text : {"price = 1e999" + Times("9", 900'000), Times("`", 100'000), "name = " + Times("x", 100'000),
                                  Times("f", 100'000) + "(1)", "CAST(price AS " + Times("t", 100'000) + ")", "price IN ($" + Times("1", 100'000) + ")", "price @ " + Times("x", 100'000)}) {
    const std::string error = ErrorOf(text);
    EXPECT_FALSE(error.empty()) << text.substr(0, 20);
    EXPECT_LT(error.size(), 3000u) << text.substr(0, 20);
  }
}

}  // namespace
}  // namespace eider::expr
