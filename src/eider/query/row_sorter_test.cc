#include "eider/query/row_sorter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "eider/base/error.h"

namespace eider::query {
namespace {

template <typename T>
ArrayPtr Numbers(TypeId id, const std::vector<std::optional<T>>& values) {
  auto array = std::make_shared<Array>();
  array->type = MakeType(id);
  array->length = static_cast<int64_t>(values.size());
  BufferBuilder data;
  BitBuilder valid;
  for (const std::optional<T>& value : values) data.AppendValue(value.value_or(T{})), valid.AppendBit(value.has_value());
  array->validity = valid.Finish();
  array->buffers = {data.Finish()};
  return array;
}

ArrayPtr Texts(const std::vector<std::optional<std::string>>& values) {
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeId::kUtf8);
  array->length = static_cast<int64_t>(values.size());
  BufferBuilder offsets, data;
  BitBuilder valid;
  offsets.AppendValue(int32_t{0});
  for (const auto& value : values) {
    if (value) data.Append(value->data(), value->size());
    offsets.AppendValue(static_cast<int32_t>(data.size()));
    valid.AppendBit(value.has_value());
  }
  array->validity = valid.Finish();
  array->buffers = {offsets.Finish(), data.Finish()};
  return array;
}

RowRun Rows(uint64_t first, uint64_t count) { return {.fragment = 0, .first = first, .count = count, .chosen = {}, .known = {}}; }

/// The rows of `columns` in order, as one block of its own for each `block_rows` rows.
std::vector<uint64_t> Sort(const std::vector<ArrayPtr>& columns, const std::vector<SortKey>& keys, uint64_t most, uint64_t limit_bytes,
                           int64_t block_rows, size_t* spills = nullptr) {
  MemoryBudget budget(limit_bytes);
  TaskPool pool(2);
  RowSorter sorter(budget, pool, most);
  for (int64_t first = 0; first < columns[0]->length; first += block_rows) {
    const int64_t rows = std::min(block_rows, columns[0]->length - first);
    std::vector<SortColumn> sorted;
    for (size_t i = 0; i < columns.size(); ++i) sorted.emplace_back(SliceArray(columns[i], first, rows), keys[i]);
    const RowRun run = Rows(static_cast<uint64_t>(first), static_cast<uint64_t>(rows));
    SortedBlock block(most);
    block.Add(sorted, RowPositions(run, 0), sorter.bound());
    block.Finish();
    sorter.Add(std::move(block));
    EXPECT_LE(budget.used_bytes(), limit_bytes);
  }
  sorter.Finish();
  std::vector<uint64_t> out;
  while (const std::optional<uint64_t> position = sorter.Next()) out.push_back(*position);
  EXPECT_TRUE(sorter.exhausted());
  if (spills) *spills = sorter.num_spills();
  return out;
}

/// Positions in the order of `compare`, equal ones as they are.
template <typename T, typename Less>
std::vector<uint64_t> Expected(const std::vector<std::optional<T>>& values, const SortKey& key, Less less) {
  std::vector<uint64_t> out(values.size());
  std::iota(out.begin(), out.end(), uint64_t{0});
  std::ranges::stable_sort(out, [&](uint64_t a, uint64_t b) {
    if (!values[a] || !values[b]) return values[a] ? !key.nulls_first && !values[b] : key.nulls_first && values[b].has_value();
    return key.ascending ? less(*values[a], *values[b]) : less(*values[b], *values[a]);
  });
  return out;
}

template <typename T, typename Less>
void ExpectEveryWay(const std::vector<std::optional<T>>& values, const ArrayPtr& array, Less less) {
  for (const bool ascending : {true, false}) {
    for (const bool nulls_first : {true, false}) {
      const SortKey key{.column = "x", .ascending = ascending, .nulls_first = nulls_first};
      std::vector<uint64_t> expected = Expected(values, key, less);
      EXPECT_EQ(Sort({array}, {key}, UINT64_MAX, 64 << 20, 1000), expected);
      EXPECT_EQ(Sort({array}, {key}, UINT64_MAX, 1 << 20, 70), expected);
      for (const size_t most : {1, 7, 300, 2500}) {
        expected.resize(std::min(expected.size(), most));
        if (expected.size() < most) continue;
        EXPECT_EQ(Sort({array}, {key}, most, 64 << 20, 333), expected) << most;
      }
      expected = Expected(values, key, less);
      expected.resize(std::min<size_t>(expected.size(), 40));
      EXPECT_EQ(Sort({array}, {key}, 40, 64 << 20, 5000), expected);
    }
  }
}

template <typename T>
std::vector<std::optional<T>> Choose(const std::vector<std::optional<T>>& from, size_t rows) {
  std::mt19937_64 random(rows);
  std::vector<std::optional<T>> out;
  while (out.size() < rows) out.push_back(from[random() % from.size()]);
  return out;
}

TEST(RowSorterTest, ManySpilledBlocksAreMergedLevelByLevel) {
  std::vector<std::optional<int64_t>> values(600'000);
  std::mt19937_64 random(3);
  for (auto& value : values) value = static_cast<int64_t>(random());
  const SortKey key{.column = "x"};
  size_t spills = 0;
  EXPECT_EQ(Sort({Numbers(TypeId::kInt64, values)}, {key}, UINT64_MAX, 256 << 10, 700, &spills), Expected(values, key, std::less<>()));
  EXPECT_GT(spills, 128u) << "two files of the next level";
}

TEST(RowSorterTest, NumbersOfEveryWidthOrderAsNumbers) {
  const auto small = Choose<int8_t>({{}, -128, -1, 0, 1, 127}, 3000);
  ExpectEveryWay(small, Numbers(TypeId::kInt8, small), std::less<>());
  const auto unsigned_ones = Choose<uint64_t>({{}, 0, 1, 255, 256, UINT64_MAX - 1, UINT64_MAX}, 3000);
  ExpectEveryWay(unsigned_ones, Numbers(TypeId::kUInt64, unsigned_ones), std::less<>());
  const auto wide = Choose<int64_t>({{}, INT64_MIN, -256, -1, 0, 1, 255, 256, INT64_MAX}, 3000);
  ExpectEveryWay(wide, Numbers(TypeId::kTimestamp, wide), std::less<>());
}

TEST(RowSorterTest, NanComesAfterInfinityAndMinusZeroBeforeZero) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const auto values = Choose<double>({{}, -kInf, -1.5, -0.0, 0.0, 2.5, kInf, std::nan("")}, 3000);
  ExpectEveryWay(values, Numbers(TypeId::kDouble, values), [](double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return !std::isnan(a);
    return a != b ? a < b : std::signbit(a) && !std::signbit(b);
  });
}

TEST(RowSorterTest, TextsWithZeroBytesAndCommonPrefixesOrderByBytes) {
  const std::string zero(1, '\0');
  const auto values = Choose<std::string>({{}, "", zero, zero + zero, "a", "a" + zero, "a" + zero + "b", "a\xFF", "abcdefg", "abcdefgh", "abcdefgh" + zero,
                                           "abcdefghi", "abcdefgh" + zero + "z", "\xFF\xFF", "abcdefghijklmnopq", "abcdefghijklmnopr"}, 3000);
  ExpectEveryWay(values, Texts(values), std::less<>());
}

TEST(RowSorterTest, LaterKeysDecideWhereEarlierOnesAreEqual) {
  const auto names = Choose<std::string>({{}, "goose", "duck", "duc"}, 2000);
  const auto numbers = Choose<int64_t>({{}, 1, 2, 3, 4, 5}, 2000);
  const std::vector<SortKey> keys{{.column = "name", .ascending = false}, {.column = "number", .ascending = true, .nulls_first = true}};
  std::vector<uint64_t> expected(names.size());
  std::iota(expected.begin(), expected.end(), uint64_t{0});
  const std::vector<uint64_t> by_number = Expected(numbers, keys[1], std::less<>());
  std::vector<std::optional<std::string>> in_order;
  for (const uint64_t row : by_number) in_order.push_back(names[row]);
  const std::vector<uint64_t> by_name = Expected(in_order, keys[0], std::less<>());
  for (size_t i = 0; i < expected.size(); ++i) expected[i] = by_number[by_name[i]];
  // Rows that are equal by both keys were kept in order by two stable sorts.
  EXPECT_EQ(Sort({Texts(names), Numbers(TypeId::kInt64, numbers)}, keys, UINT64_MAX, 64 << 20, 100), expected);
  expected.resize(150);
  EXPECT_EQ(Sort({Texts(names), Numbers(TypeId::kInt64, numbers)}, keys, 150, 64 << 20, 100), expected);
}

TEST(RowSorterTest, WhatDoesNotFitTheBudgetIsSpilledAndMerged) {
  std::mt19937_64 random(5);
  std::vector<std::optional<int64_t>> values(300'000);
  for (auto& value : values) value = static_cast<int64_t>(random() % 50'000);
  const SortKey key{.column = "x"};
  const std::vector<uint64_t> expected = Expected(values, key, std::less<>());
  size_t spills = 0;
  EXPECT_EQ(Sort({Numbers(TypeId::kInt64, values)}, {key}, UINT64_MAX, 256 << 10, 1000, &spills), expected);
  EXPECT_GT(spills, 64u);
  const std::vector<uint64_t> first(expected.begin(), expected.begin() + 100'000);
  EXPECT_EQ(Sort({Numbers(TypeId::kInt64, values)}, {key}, first.size(), 256 << 10, 1000, &spills), first);
  EXPECT_GT(spills, 1u);
}

TEST(RowSorterTest, NothingToSortAndNothingWanted) {
  EXPECT_TRUE(Sort({Numbers<int64_t>(TypeId::kInt64, {})}, {{.column = "x"}}, UINT64_MAX, 1 << 20, 10).empty());
  EXPECT_TRUE(Sort({Numbers<int64_t>(TypeId::kInt64, {1, 2})}, {{.column = "x"}}, 0, 1 << 20, 10).empty());
}

}  // namespace
}  // namespace eider::query
