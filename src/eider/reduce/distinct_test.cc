#include <eider/distinct.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "eider/array/equal.h"
#include "eider/array/take.h"
#include "eider/base/memory_budget.h"
#include "eider/reduce/batch_keys.h"
#include "eider/reduce/distinct_set.h"
#include "eider/reduce/spilled_run.h"
#include "eider/testing/arrays.h"

namespace eider::reduce {
namespace {

SchemaPtr SchemaOf(const std::vector<ArrayPtr>& columns) {
  auto schema = std::make_shared<Schema>();
  for (const ArrayPtr& column : columns) schema->fields.push_back({.name = "c" + std::to_string(schema->fields.size()), .type = column->type});
  return schema;
}

RecordBatch BatchOf(const std::vector<ArrayPtr>& columns) {
  return {.schema = SchemaOf(columns), .num_rows = columns[0]->length, .columns = columns};
}

/// A hundred texts from number `first` on, named by keys of eight bits.
ArrayPtr Kinds(int first) {
  std::vector<std::optional<std::string>> texts;
  for (int i = first; i < first + 100; ++i) texts.emplace_back("kind " + std::to_string(i));
  std::vector<int8_t> keys(100);
  std::iota(keys.begin(), keys.end(), int8_t{0});
  auto array = std::make_shared<Array>(*testing::Numbers(keys));
  array->dictionary = testing::Strings(texts);
  array->type = DictionaryType(MakeType(TypeId::kInt8), array->dictionary->type);
  return array;
}

TEST(SpilledRunTest, ARunCutsWhatIsLong) {
  const ArrayPtr numbers = testing::Numbers<int64_t>({1, 2, 3, 4, 5, 6, 7});
  query::SpilledBatches file(SchemaOf({numbers}));
  SpilledRun run(file, 16);
  run.Append(BatchOf({numbers}));
  run.Finish();
  EXPECT_EQ(run.num_blocks(), 3u);
  for (const auto& [first, count] : {std::pair<int64_t, int64_t>{0, 3}, {3, 3}, {6, 1}}) {
    EXPECT_TRUE(ArraysEqual(*run.Pop().columns[0], *SliceArray(numbers, first, count)));
  }
}

TEST(SpilledRunTest, ARunJoinsWhatIsShort) {
  const ArrayPtr numbers = testing::Numbers<int64_t>({1, 2, 3, 4, 5, 6, 7});
  query::SpilledBatches file(SchemaOf({numbers}));
  SpilledRun run(file, 32);
  for (int64_t i = 0; i < 7; ++i) run.Append(BatchOf({SliceArray(numbers, i, 1)}));
  run.Finish();
  EXPECT_EQ(run.num_blocks(), 2u);
  EXPECT_TRUE(ArraysEqual(*run.Pop().columns[0], *SliceArray(numbers, 0, 4)));
  EXPECT_TRUE(ArraysEqual(*run.Pop().columns[0], *SliceArray(numbers, 4, 3)));
  EXPECT_TRUE(run.empty());
}

TEST(SpilledRunTest, ARunKeepsApartWhatOneBatchCannotHold) {
  query::SpilledBatches file(SchemaOf({Kinds(0)}));
  SpilledRun run(file, 1 << 20);
  for (const int first : {0, 100, 200}) run.Append(BatchOf({Kinds(first)}));
  run.Finish();
  EXPECT_EQ(run.num_blocks(), 3u);
  for (const int first : {0, 100, 200}) EXPECT_TRUE(ArraysEqual(*run.Pop().columns[0], *Kinds(first)));
  EXPECT_FALSE(JoinBatches(file.schema(), {BatchOf({Kinds(0)}), BatchOf({Kinds(100)})}));
  EXPECT_EQ(JoinBatches(file.schema(), {BatchOf({Kinds(0)}), BatchOf({Kinds(20)})})->num_rows, 200);
}

/// The first row of each kind among `columns`, by the bytes of row_keys.h.
std::vector<int64_t> Firsts(const std::vector<ArrayPtr>& columns) {
  const RowKeys keys(columns, columns[0]->length);
  std::set<std::vector<uint8_t>> seen;
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < columns[0]->length; ++row) {
    const ByteSpan key = keys.At(row);
    if (seen.emplace(key.begin(), key.end()).second) rows.push_back(row);
  }
  return rows;
}

std::vector<int64_t> Added(DistinctSet& set, const std::vector<ArrayPtr>& columns) {
  Sifted sifted = set.Sift(columns, columns[0]->length);
  std::vector<uint8_t> is_new(static_cast<size_t>(columns[0]->length));
  EXPECT_TRUE(set.Add(sifted, is_new, true));
  std::vector<int64_t> rows;
  for (size_t row = 0; row < is_new.size(); ++row) {
    if (is_new[row]) rows.push_back(static_cast<int64_t>(row));
  }
  return rows;
}

TEST(DistinctSetTest, FirstsOfEveryType) {
  Session session({.memory_limit = 256 << 20, .cpu_threads = 2});
  for (const TypePtr& type : testing::ManyTypes()) {
    testing::RandomArrays random(9, {.max_list_length = 2, .max_string_bytes = 2});
    std::vector<int64_t> twice(6000);
    for (int64_t& row : twice) row = random.Below(900);
    const std::vector<ArrayPtr> columns = {TakeArray(random.Make(type, 900), twice)};
    const std::vector<TypePtr> types = {type};
    DistinctSet set(session, KeyFormOf(types), 0);
    EXPECT_EQ(Added(set, columns), Firsts(columns)) << TypeToString(*type);
    EXPECT_TRUE(Added(set, columns).empty());
    const std::vector<ArrayPtr> window = {SliceArray(columns[0], 100, 4000)};
    DistinctSet of_window(session, KeyFormOf(types), 3);
    EXPECT_EQ(Added(of_window, window), Firsts(window)) << TypeToString(*type);
  }
}

TEST(DistinctSetTest, TextsThatDifferAfterTheirFirstBytes) {
  std::vector<std::optional<std::string>> texts;
  for (int i = 0; i < 40'000; ++i) {
    std::string text(static_cast<size_t>(i % 40), 'a');
    if (i % 3 == 0 && !text.empty()) text.back() = static_cast<char>('b' + i % 5);
    if (i % 7 == 0 && !text.empty()) text[text.size() / 2] = 0;
    texts.emplace_back(text);
    if (i % 11 == 0) texts.emplace_back(std::nullopt);
  }
  const std::vector<ArrayPtr> columns = {testing::Strings(texts)};
  Session session({.memory_limit = 64 << 20, .cpu_threads = 0});
  DistinctSet set(session, KeyForm::kTexts, 0);
  EXPECT_EQ(Added(set, columns), Firsts(columns));
}

TEST(DistinctSetTest, AFullSetTakesNoMoreAndNamesWhatItDoesNotKnow) {
  Session session({.memory_limit = 1 << 20, .cpu_threads = 2});
  DistinctSet set(session, KeyForm::kWords, 0);
  const auto range = [](int64_t from, int64_t to) {
    std::vector<int64_t> numbers(static_cast<size_t>(to - from));
    std::iota(numbers.begin(), numbers.end(), from);
    return std::vector<ArrayPtr>{testing::Numbers(numbers)};
  };
  EXPECT_EQ(Added(set, range(0, 5000)).size(), 5000u);
  const std::vector<ArrayPtr> more = range(4000, 60'000);
  Sifted sifted = set.Sift(more, more[0]->length);
  std::vector<uint8_t> is_new(56'000);
  EXPECT_FALSE(set.Add(sifted, is_new, true));
  EXPECT_TRUE(set.is_full());
  EXPECT_EQ(sifted.rows.size(), 55'000u);
  EXPECT_EQ(std::ranges::count(is_new, 1), 0);
  EXPECT_TRUE(set.Sift(range(0, 5000), 5000).rows.empty());
  EXPECT_LE(session.memory_used(), uint64_t{1} << 20);
}

std::vector<int64_t> Drain(RecordBatchReader& reader) {
  std::vector<int64_t> numbers;
  while (const std::optional<RecordBatch> batch = reader.Next()) {
    const auto* values = batch->columns[0]->buffers[0].as<int64_t>() + batch->columns[0]->offset;
    numbers.insert(numbers.end(), values, values + batch->num_rows);
  }
  return numbers;
}

TEST(DistinctRowsTest, KeepTheirOrderHoweverLittleMemoryThereIs) {
  std::vector<int64_t> rows, wanted;
  std::set<int64_t> seen;
  uint64_t state = 7;
  for (int i = 0; i < 400'000; ++i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    rows.push_back(static_cast<int64_t>(state >> 33) % 150'000);
    if (seen.insert(rows.back()).second) wanted.push_back(rows.back());
  }
  const ArrayPtr whole = testing::Numbers(rows);
  for (const uint64_t limit : {uint64_t{256} << 10, uint64_t{1} << 20, uint64_t{4} << 20, uint64_t{64} << 20}) {
    for (const int threads : {0, 2}) {
      const auto session = std::make_shared<Session>(SessionOptions{.memory_limit = limit, .cpu_threads = threads});
      std::vector<RecordBatch> batches;
      for (int64_t first = 0; first < whole->length; first += 4000) batches.push_back(BatchOf({SliceArray(whole, first, 4000)}));
      const SchemaPtr schema = batches[0].schema;
      EXPECT_EQ(Drain(*DistinctRows(MakeBatchReader(schema, std::move(batches)), session)), wanted) << limit << " " << threads;
      EXPECT_EQ(session->memory_used(), 0u);
    }
  }
}

}  // namespace
}  // namespace eider::reduce
