#include "eider/query/page_match.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "eider/array/types.h"
#include "eider/base/memory.h"

namespace eider::query {
namespace {

using expr::TestKind;

template <typename T>
std::string Bytes(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

expr::ColumnTest Asks(TestKind kind, const std::vector<double>& values) {
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeId::kDouble);
  array->length = static_cast<int64_t>(values.size());
  array->buffers = {CopyToBuffer({reinterpret_cast<const uint8_t*>(values.data()), values.size() * 8})};
  return {"x", kind, std::move(array)};
}

expr::ColumnTest Asks(TestKind kind, const std::string& text) {
  const int32_t offsets[] = {0, static_cast<int32_t>(text.size())};
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeId::kUtf8);
  array->length = 1;
  array->buffers = {CopyToBuffer({reinterpret_cast<const uint8_t*>(offsets), 8}),
                    CopyToBuffer({reinterpret_cast<const uint8_t*>(text.data()), text.size()})};
  return {"x", kind, std::move(array)};
}

page::PageStatistics Numbers(double min, double max, bool has_nan = false) {
  return {.null_count = 2, .min = Bytes(min), .max = Bytes(max), .has_nan = has_nan};
}

TEST(PageMatchTest, ComparesWithBounds) {
  const page::PageStatistics page = Numbers(2, 5);
  const auto may = [&](TestKind kind, double value) { return MayPass(Asks(kind, std::vector{value}), page, 10); };
  EXPECT_FALSE(may(TestKind::kEqual, 1));
  EXPECT_TRUE(may(TestKind::kEqual, 2));
  EXPECT_TRUE(may(TestKind::kEqual, 5));
  EXPECT_FALSE(may(TestKind::kEqual, 5.5));
  EXPECT_FALSE(may(TestKind::kLess, 2));
  EXPECT_TRUE(may(TestKind::kLessEqual, 2));
  EXPECT_FALSE(may(TestKind::kGreater, 5));
  EXPECT_TRUE(may(TestKind::kGreaterEqual, 5));
  EXPECT_TRUE(may(TestKind::kNotEqual, 2));
  EXPECT_FALSE(MayPass(Asks(TestKind::kIn, std::vector{0.0, 1.0, 6.0}), page, 10));
  EXPECT_TRUE(MayPass(Asks(TestKind::kIn, std::vector{0.0, 3.0}), page, 10));
}

TEST(PageMatchTest, NeverRulesOutANaN) {
  const page::PageStatistics page = Numbers(2, 5, true);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const TestKind kind : {TestKind::kEqual, TestKind::kLess, TestKind::kGreaterEqual, TestKind::kNotEqual, TestKind::kIn}) {
    EXPECT_TRUE(MayPass(Asks(kind, std::vector{nan}), page, 10));
  }
  EXPECT_TRUE(MayPass(Asks(TestKind::kGreater, std::vector{9.0}), page, 10));
  EXPECT_TRUE(MayPass(Asks(TestKind::kNotEqual, std::vector{2.0}), Numbers(2, 2, true), 10));
  EXPECT_FALSE(MayPass(Asks(TestKind::kNotEqual, std::vector{2.0}), Numbers(2, 2), 10));
  const page::PageStatistics only_nan{.null_count = 0, .min = {}, .max = {}, .has_nan = true};
  EXPECT_TRUE(MayPass(Asks(TestKind::kGreater, std::vector{9.0}), only_nan, 10));
}

TEST(PageMatchTest, CountsNulls) {
  const page::PageStatistics all_null{.null_count = 10, .min = {}, .max = {}};
  EXPECT_FALSE(MayPass(Asks(TestKind::kEqual, std::vector{1.0}), all_null, 10));
  EXPECT_TRUE(MayPass({"x", TestKind::kIsNull, nullptr}, all_null, 10));
  EXPECT_FALSE(MayPass({"x", TestKind::kIsNotNull, nullptr}, all_null, 10));
  page::PageStatistics none = Numbers(1, 2);
  none.null_count = 0;
  EXPECT_FALSE(MayPass({"x", TestKind::kIsNull, nullptr}, none, 10));
  none.null_count.reset();
  EXPECT_TRUE(MayPass({"x", TestKind::kIsNull, nullptr}, none, 10));
}

TEST(PageMatchTest, TextBoundsMayBeCut) {
  const page::PageStatistics page{
      .null_count = 0, .min = "bcd", .max = "xyz", .min_is_cut = true, .max_is_cut = true};
  const auto may = [&](TestKind kind, const std::string& text) { return MayPass(Asks(kind, text), page, 10); };
  EXPECT_FALSE(may(TestKind::kEqual, "bc"));
  EXPECT_TRUE(may(TestKind::kEqual, "bcde"));
  EXPECT_FALSE(may(TestKind::kEqual, "xyzz"));
  EXPECT_TRUE(may(TestKind::kPrefix, "b"));
  EXPECT_TRUE(may(TestKind::kPrefix, "bcde"));
  EXPECT_FALSE(may(TestKind::kPrefix, "bcc"));
  EXPECT_FALSE(may(TestKind::kPrefix, "y"));
  EXPECT_TRUE(may(TestKind::kPrefix, "xyz"));
  EXPECT_TRUE(MayPass(Asks(TestKind::kNotEqual, "same"), {.null_count = 0, .min = "same", .max = "same", .max_is_cut = true}, 10));
}

TEST(PageMatchTest, BoundsThatAreNoValuesRuleOutNothingThatDiffers) {
  page::PageStatistics page = Numbers(2, 2);
  page.only_bounds = true;
  EXPECT_TRUE(MayPass(Asks(TestKind::kNotEqual, std::vector{2.0}), page, 10));
  EXPECT_FALSE(MayPass(Asks(TestKind::kEqual, std::vector{3.0}), page, 10));
  EXPECT_TRUE(MayPass(Asks(TestKind::kNotEqual, "same"), {.null_count = 0, .min = "same", .max = "same", .only_bounds = true}, 10));
}

TEST(PageMatchTest, DecimalsAndBinariesHaveBounds) {
  const auto decimal = [](TypeId id, int64_t value) {
    std::string bytes(id == TypeId::kDecimal128 ? 16 : 32, value < 0 ? '\xff' : '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
  };
  for (const TypeId id : {TypeId::kDecimal128, TypeId::kDecimal256}) {
    const page::PageStatistics page{.null_count = 0, .min = decimal(id, -5), .max = decimal(id, 300)};
    const auto may = [&](TestKind kind, int64_t value) {
      auto array = std::make_shared<Array>();
      array->type = DecimalType(id, 20, 2);
      array->length = 1;
      const std::string bytes = decimal(id, value);
      array->buffers = {CopyToBuffer({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()})};
      return MayPass({"x", kind, array}, page, 10);
    };
    EXPECT_TRUE(may(TestKind::kEqual, -5) && may(TestKind::kEqual, 256) && may(TestKind::kLess, -4));
    EXPECT_FALSE(may(TestKind::kEqual, -6) || may(TestKind::kEqual, 301) || may(TestKind::kLess, -5) || may(TestKind::kGreater, 300));
  }
  auto binary = std::make_shared<Array>(*Asks(TestKind::kEqual, std::string("m")).values);
  binary->type = MakeType(TypeId::kBinary);
  EXPECT_FALSE(MayPass({"x", TestKind::kEqual, binary}, {.null_count = 0, .min = "a", .max = "b"}, 10));
  EXPECT_TRUE(MayPass({"x", TestKind::kEqual, binary}, {.null_count = 0, .min = "a", .max = "z"}, 10));
}

}  // namespace
}  // namespace eider::query
