#include "eider/reduce/aggregate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "eider/array/string_values.h"
#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/expr/column.h"
#include "eider/mutate/write.h"

namespace eider::reduce {
namespace {

template <typename T>
ArrayPtr MakeArray(const TypePtr& type, const std::vector<std::optional<T>>& values) {
  expr::Builder<T> builder(static_cast<int64_t>(values.size()));
  for (const std::optional<T>& value : values) value ? builder.Append(*value) : builder.AppendNull();
  return builder.Finish(type);
}

std::shared_ptr<const query::TableReader> MakeTable(std::vector<std::pair<std::string, ArrayPtr>> columns, uint64_t rows_per_file = 1 << 20, bool checksums = true) {
  auto schema = std::make_shared<Schema>();
  RecordBatch batch{.num_rows = columns.at(0).second->length};
  for (auto& [name, array] : columns) {
    schema->fields.push_back({.name = name, .type = array->type});
    batch.columns.push_back(array);
  }
  batch.schema = schema;
  const auto data = MakeBatchReader(schema, {batch});
  WriteOptions options{.max_rows_per_file = rows_per_file, .checksums = checksums, .session = Session::Default()};
  return std::make_shared<const query::TableReader>(mutate::Create(io::MakeMemoryStore("reduce"), *data, options), Session::Default());
}

ArrayPtr One(const std::shared_ptr<const query::TableReader>& table, const std::string& call, const ScanOptions& options = {}) {
  const Aggregate aggregates[] = {{.name = "answer", .call = {.text = call}}};
  const RecordBatch batch = RunAggregates(table, options, aggregates);
  EXPECT_EQ(batch.num_rows, 1);
  return batch.columns.at(0);
}

template <typename T>
std::optional<T> Value(const ArrayPtr& array) {
  if (!array->IsValid(0)) return std::nullopt;
  return array->buffers[0].as<T>()[array->offset];
}

std::string MessageOf(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

std::vector<std::optional<int64_t>> Counted(int64_t rows) {
  std::vector<std::optional<int64_t>> values(static_cast<size_t>(rows));
  for (int64_t i = 0; i < rows; ++i) {
    if (i % 7 != 3) values[static_cast<size_t>(i)] = i - 50;
  }
  return values;
}

TEST(AggregateTest, CountsSumsAndExtremesPassOverNulls) {
  for (const bool checksums : {true, false}) {
    const auto table = MakeTable({{"x", MakeArray(MakeType(TypeId::kInt64), Counted(1000))}}, 300, checksums);
    int64_t count = 0, sum = 0;
    for (const auto& value : Counted(1000)) count += value.has_value(), sum += value.value_or(0);
    EXPECT_EQ(Value<int64_t>(One(table, "count(*)")), 1000);
    EXPECT_EQ(Value<int64_t>(One(table, "count(x)")), count);
    EXPECT_EQ(Value<int64_t>(One(table, "SUM( x )")), sum);
    EXPECT_EQ(Value<int64_t>(One(table, "min(x)")), -50);
    EXPECT_EQ(Value<int64_t>(One(table, "max(x)")), 949);
    EXPECT_EQ(Value<int64_t>(One(table, "max(x * 2)")), 1898);
    EXPECT_DOUBLE_EQ(*Value<double>(One(table, "avg(x)")), static_cast<double>(sum) / static_cast<double>(count));
  }
}

TEST(AggregateTest, ExtremesOfWholeColumnsComeFromStatistics) {
  const auto table = MakeTable({{"x", MakeArray(MakeType(TypeId::kInt64), Counted(100'000))}}, 30'000);
  One(table, "max(x)");
  ScanStats stats;
  EXPECT_EQ(Value<int64_t>(One(table, "max(x)", {.stats = &stats})), 100'000 - 51);
  EXPECT_EQ(Value<int64_t>(One(table, "count(x)", {.stats = &stats})), 100'000 - 14'286);
  EXPECT_EQ(stats.bytes_copied.load(), 0u);
  One(table, "sum(x)", {.stats = &stats});
  EXPECT_GT(stats.bytes_copied.load(), 0u);
}

TEST(AggregateTest, FiltersLimitsAndFragmentsChooseTheRows) {
  const auto table = MakeTable({{"x", MakeArray(MakeType(TypeId::kInt64), Counted(1000))}}, 300);
  ScanOptions filter{.filter = SqlExpression{.text = "x >= 900"}};
  EXPECT_EQ(Value<int64_t>(One(table, "min(x)", filter)), 900);
  EXPECT_EQ(Value<int64_t>(One(table, "count(*)", filter)), 43);
  EXPECT_EQ(Value<int64_t>(One(table, "count(*)", {.filter = SqlExpression{.text = "x > 5000"}})), 0);
  EXPECT_EQ(Value<int64_t>(One(table, "sum(x)", {.filter = SqlExpression{.text = "x > 5000"}})), std::nullopt);
  EXPECT_EQ(Value<int64_t>(One(table, "max(x)", {.fragment_ids = {{0}}})), 249);
  EXPECT_EQ(Value<int64_t>(One(table, "max(x)", {.limit = 10, .offset = 5})), -36);
  EXPECT_EQ(Value<int64_t>(One(table, "min(x)", {.order_by = {{.column = "x", .ascending = false}}, .limit = 3})), 946);  // where 947 would be is a null
  EXPECT_NE(MessageOf([&] { One(table, "min(x)", {.include_deleted_rows = true, .with_row_id = true}); }).find("include_deleted_rows"), std::string::npos);
}

TEST(AggregateTest, NanIsGreaterThanEveryNumberAndZerosAreOne) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  for (const bool checksums : {true, false}) {
    const auto of = [&](std::vector<std::optional<double>> values) { return MakeTable({{"x", MakeArray(MakeType(TypeId::kDouble), values)}}, 2, checksums); };
    EXPECT_TRUE(std::isnan(*Value<double>(One(of({1.0, nan, 2.0, 3.0}), "max(x)"))));
    EXPECT_EQ(Value<double>(One(of({1.0, nan, 2.0, 3.0}), "min(x)")), 1.0);
    EXPECT_TRUE(std::isnan(*Value<double>(One(of({nan, nan, nan}), "min(x)"))));
    EXPECT_EQ(Value<double>(One(of({infinity, std::nullopt, infinity}), "min(x)")), infinity);
    EXPECT_EQ(Value<double>(One(of({infinity, 1.0}), "sum(x)")), infinity);
    EXPECT_FALSE(std::signbit(*Value<double>(One(of({-0.0, -1.0}), "max(x)"))));
    EXPECT_EQ(Value<double>(One(of({std::nullopt, std::nullopt}), "max(x)")), std::nullopt);
  }
}

TEST(AggregateTest, SumsOfFloatsLoseNothingOnTheWay) {
  std::vector<std::optional<double>> values;
  for (int i = 0; i < 20'000; ++i) {
    for (const double value : {1e16, 1.0, -1e16}) values.emplace_back(value);
  }
  const auto table = MakeTable({{"x", MakeArray(MakeType(TypeId::kDouble), values)}}, 7'000);
  EXPECT_EQ(Value<double>(One(table, "sum(x)")), 20'000.0);
}

TEST(AggregateTest, ASumThatItsTypeDoesNotHoldIsAnError) {
  const int64_t most = std::numeric_limits<int64_t>::max();
  const auto table = MakeTable({{"x", MakeArray<int64_t>(MakeType(TypeId::kInt64), {most, 1, most, -most, -2})}});
  const std::string message = MessageOf([&] { One(table, "sum(x)", {.filter = SqlExpression{.text = "x > 0"}}); });
  EXPECT_NE(message.find("aggregate 'answer': the sum of 3 values is 18446744073709551615, which int64 does not hold"), std::string::npos) << message;
  EXPECT_EQ(Value<int64_t>(One(table, "sum(x)")), most - 1) << "only the sum of all counts";
  EXPECT_TRUE(One(table, "sum(CAST(x AS decimal(38, 0)))", {.filter = SqlExpression{.text = "x > 0"}})->IsValid(0));
}

TEST(AggregateTest, TextComparesByBytesBeyondWhatStatisticsKeep) {
  std::vector<std::string> texts;
  for (int i = 0; i < 2000; ++i) texts.push_back("the same sixteen letters " + std::to_string(i * 7919 % 2000));
  texts.push_back(std::string(20, '\x7f'));
  std::vector<std::optional<std::string_view>> values(texts.begin(), texts.end());
  values.emplace_back(std::nullopt);
  for (const TypeId type : {TypeId::kUtf8, TypeId::kLargeUtf8, TypeId::kBinary}) {
    const auto table = MakeTable({{"x", MakeArray(MakeType(type), values)}}, 100);
    const auto text = [](const ArrayPtr& array) {
      const ByteSpan bytes = StringValues(*array).At(0);
      return std::string(bytes.begin(), bytes.end());
    };
    EXPECT_EQ(text(One(table, "min(x)")), "the same sixteen letters 0");
    EXPECT_EQ(text(One(table, "max(x)")), std::string(20, '\x7f'));
    EXPECT_EQ(One(table, "max(x)")->type->id, type);
  }
}

TEST(AggregateTest, DecimalsAreSummedInAllTheirDigits) {
  const TypePtr type = DecimalType(TypeId::kDecimal128, 38, 2);
  const expr::Int128 most = (static_cast<expr::Int128>(4'000'000'000'000'000'000) * 1'000'000'000'000'000'000);
  const auto table = MakeTable({{"x", MakeArray<expr::Int128>(type, {most, std::nullopt, -most, most, most})}});
  EXPECT_EQ(Value<expr::Int128>(One(table, "sum(x)")), 2 * most);
  EXPECT_EQ(Value<expr::Int128>(One(table, "min(x)")), -most);
  EXPECT_DOUBLE_EQ(*Value<double>(One(table, "mean(x)")), 4e36 / 2 / 100);
  const auto wide = MakeTable({{"x", MakeArray<expr::Int128>(type, std::vector<std::optional<expr::Int128>>(30, most))}});
  EXPECT_NE(MessageOf([&] { One(wide, "sum(x)"); }).find("decimal"), std::string::npos);
}

TEST(AggregateTest, BooleansAreOrderedAndCounted) {
  const auto table = MakeTable({{"x", MakeArray<bool>(MakeType(TypeId::kBool), {true, std::nullopt, false, true})}});
  EXPECT_EQ(Value<uint64_t>(One(table, "sum(x)")), 2u);
  EXPECT_EQ(GetBit(One(table, "min(x)")->buffers[0].data(), 0), false);
  EXPECT_EQ(GetBit(One(table, "max(x)")->buffers[0].data(), 0), true);
  EXPECT_DOUBLE_EQ(*Value<double>(One(table, "mean(x)")), 2.0 / 3);
}

TEST(AggregateTest, ErrorsNameWhatIsWrong) {
  const auto table = MakeTable({{"x", MakeArray(MakeType(TypeId::kInt64), Counted(10))}, {"d", MakeArray<int32_t>(MakeType(TypeId::kDate32), std::vector<std::optional<int32_t>>(10, 3))}});
  EXPECT_NE(MessageOf([&] { One(table, "median(x)"); }).find("'median(x)' is none of count(*)"), std::string::npos);
  EXPECT_NE(MessageOf([&] { One(table, "x"); }).find("is none of"), std::string::npos);
  EXPECT_NE(MessageOf([&] { One(table, ""); }).find("is none of"), std::string::npos);
  EXPECT_NE(MessageOf([&] { One(table, "sum(d)"); }).find("have no sum"), std::string::npos);
  EXPECT_NE(MessageOf([&] { One(table, "max()"); }).find("column 5"), std::string::npos);
  EXPECT_NE(MessageOf([&] { One(table, "max(x) + min(x)"); }).find("column 6"), std::string::npos) << MessageOf([&] { One(table, "max(x) + min(x)"); });
  EXPECT_NE(MessageOf([&] { One(table, "max(x"); }).find("is none of"), std::string::npos);
}

}  // namespace
}  // namespace eider::reduce
