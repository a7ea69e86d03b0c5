/// Filtered and sorted scans of small tables against what a loop over their values says.

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/base/memory_budget.h"
#include "eider/mutate/write.h"
#include "eider/query/table_reader.h"

namespace eider::query {
namespace {

constexpr int64_t kRows = 5000;

/// Columns id (int64), small (int64 from 0 to 49, some null) and text (its last digit, padded).
struct Rows {
  std::vector<int64_t> id;
  std::vector<std::optional<int64_t>> small;
  std::vector<std::string> text;
};

Rows MakeRows(uint64_t seed) {
  std::mt19937_64 random(seed);
  Rows rows;
  rows.id.resize(kRows);
  std::iota(rows.id.begin(), rows.id.end(), 0);
  std::shuffle(rows.id.begin(), rows.id.end(), random);
  for (int64_t i = 0; i < kRows; ++i) {
    rows.small.push_back(random() % 11 == 0 ? std::nullopt : std::optional<int64_t>(random() % 50));
    rows.text.push_back("a common beginning, then " + std::to_string(rows.id[static_cast<size_t>(i)] % 10));
  }
  return rows;
}

RecordBatch ToBatch(const Rows& rows) {
  auto schema = std::make_shared<Schema>();
  schema->fields = {{.name = "id", .type = MakeType(TypeId::kInt64)}, {.name = "small", .type = MakeType(TypeId::kInt64)}, {.name = "text", .type = MakeType(TypeId::kUtf8)}};
  std::shared_ptr<Array> columns[3];
  BufferBuilder ids, smalls, offsets, bytes;
  BitBuilder valid;
  offsets.AppendValue(int32_t{0});
  for (size_t i = 0; i < rows.id.size(); ++i) {
    ids.AppendValue(rows.id[i]);
    smalls.AppendValue(rows.small[i].value_or(0));
    valid.AppendBit(rows.small[i].has_value());
    bytes.Append(rows.text[i].data(), rows.text[i].size());
    offsets.AppendValue(static_cast<int32_t>(bytes.size()));
  }
  for (size_t i = 0; i < 3; ++i) {
    columns[i] = std::make_shared<Array>();
    columns[i]->type = schema->fields[i].type;
    columns[i]->length = kRows;
  }
  columns[0]->buffers = {ids.Finish()};
  columns[1]->buffers = {smalls.Finish()};
  columns[1]->validity = valid.Finish();
  columns[2]->buffers = {offsets.Finish(), bytes.Finish()};
  return {schema, kRows, {columns[0], columns[1], columns[2]}};
}

std::shared_ptr<const TableReader> MakeTable(const Rows& rows, uint64_t rows_per_file, const SessionOptions& session) {
  const RecordBatch batch = ToBatch(rows);
  const auto data = MakeBatchReader(batch.schema, {batch});
  WriteOptions options;
  options.max_rows_per_file = rows_per_file;
  options.session = std::make_shared<Session>(session);
  return std::make_shared<const TableReader>(mutate::Create(io::MakeMemoryStore("ordered"), *data, options), options.session);
}

/// The ids that a scan yields, and what it says of batches on the way.
std::vector<int64_t> IdsInOrder(const TableReader& table, ScanOptions options) {
  options.columns = {{"id"}};
  std::vector<int64_t> ids;
  const auto reader = table.Scan(options);
  while (const std::optional<RecordBatch> batch = reader->Next()) {
    EXPECT_LE(batch->num_rows, static_cast<int64_t>(options.batch_rows));
    const int64_t* values = batch->columns[0]->buffers[0].as<int64_t>() + batch->columns[0]->offset;
    ids.insert(ids.end(), values, values + batch->num_rows);
  }
  return ids;
}

template <typename Test>
std::vector<size_t> Passing(const Rows& rows, Test test) {
  std::vector<size_t> out;
  for (size_t i = 0; i < rows.id.size(); ++i) {
    if (test(i)) out.push_back(i);
  }
  return out;
}

std::vector<int64_t> IdsOf(const Rows& rows, const std::vector<size_t>& places, uint64_t offset, uint64_t limit) {
  std::vector<int64_t> ids;
  for (size_t i = offset; i < std::min<uint64_t>(places.size(), offset + limit); ++i) ids.push_back(rows.id[places[i]]);
  return ids;
}

const SessionOptions kSessions[] = {{.memory_limit = 64 << 20, .cpu_threads = 0}, {.memory_limit = 64 << 20, .cpu_threads = 3}, {.memory_limit = 600 << 10, .cpu_threads = 2}};
const std::pair<uint64_t, uint64_t> kWindows[] = {{0, UINT64_MAX}, {0, 1}, {7, 100}, {100, 3000}, {4990, 100}, {9999, 5}, {3, 0}};

ScanOptions WindowOf(std::pair<uint64_t, uint64_t> window) {
  ScanOptions options;
  options.offset = window.first;
  if (window.second != UINT64_MAX) options.limit = window.second;
  return options;
}

TEST(OrderedScanTest, FiltersGiveTheSameRowsHoweverTheyAreAsked) {
  const Rows rows = MakeRows(1);
  const auto has = [&](size_t i) { return rows.small[i].has_value(); };
  const std::pair<const char*, std::vector<size_t>> filters[] = {
      {"small < 10", Passing(rows, [&](size_t i) { return has(i) && *rows.small[i] < 10; })},
      {"small IS NULL OR id = 17", Passing(rows, [&](size_t i) { return !has(i) || rows.id[i] == 17; })},
      {"text LIKE '%7' AND small IN (1, 2, 3, 40, 99)", Passing(rows, [&](size_t i) {
         return rows.text[i].ends_with("7") && has(i) && (*rows.small[i] == 40 || (*rows.small[i] >= 1 && *rows.small[i] <= 3));
       })},
      {"regexp_like(text, 'then [13]$')", Passing(rows, [&](size_t i) { return rows.text[i].ends_with(" 1") || rows.text[i].ends_with(" 3"); })},
      {"_rowoffset >= 1000 AND _rowoffset < 1010", Passing(rows, [&](size_t i) { return i >= 1000 && i < 1010; })},
      {"id > 9000", {}}};
  for (const SessionOptions& session : kSessions) {
    const auto table = MakeTable(rows, 777, session);
    for (const auto& [filter, passing] : filters) {
      for (const auto& window : kWindows) {
        ScanOptions options = WindowOf(window);
        options.filter = SqlExpression{.text = filter, .positional = {}, .named = {}};
        const std::vector<int64_t> expected = IdsOf(rows, passing, window.first, std::min<uint64_t>(window.second, kRows));
        EXPECT_EQ(table->CountRows(options), expected.size()) << filter;
        for (const uint64_t batch_rows : {1000, 13}) {
          options.batch_rows = batch_rows;
          EXPECT_EQ(IdsInOrder(*table, options), expected) << filter << " " << window.first << " " << window.second;
        }
      }
      ScanOptions any_order;
      any_order.filter = SqlExpression{.text = filter, .positional = {}, .named = {}};
      any_order.in_order = false;
      std::vector<int64_t> found = IdsInOrder(*table, any_order), expected = IdsOf(rows, passing, 0, kRows);
      std::ranges::sort(found);
      std::ranges::sort(expected);
      EXPECT_EQ(found, expected) << filter;
    }
  }
}

TEST(OrderedScanTest, SortsGiveTheSameRowsHoweverTheyAreAsked) {
  const Rows rows = MakeRows(2);
  const auto compare_small = [&](size_t a, size_t b) { return rows.small[a] && rows.small[b] ? *rows.small[a] < *rows.small[b] : rows.small[a].has_value() && !rows.small[b]; };
  const auto all = Passing(rows, [](size_t) { return true; });
  std::vector<size_t> by_id = all, by_small = all, by_text = all;
  std::ranges::stable_sort(by_id, [&](size_t a, size_t b) { return rows.id[a] < rows.id[b]; });
  std::ranges::stable_sort(by_small, compare_small);
  std::ranges::stable_sort(by_text, [&](size_t a, size_t b) { return rows.text[a] != rows.text[b] ? rows.text[a] > rows.text[b] : compare_small(a, b); });
  const std::pair<std::vector<SortKey>, std::vector<size_t>> orders[] = {
      {{{.column = "id"}}, by_id}, {{{.column = "small"}}, by_small}, {{{.column = "text", .ascending = false}, {.column = "small"}}, by_text}};
  for (const SessionOptions& session : kSessions) {
    const auto table = MakeTable(rows, 777, session);
    const uint64_t used = table->session()->memory_used();
    for (const auto& [keys, sorted] : orders) {
      std::vector<size_t> odd;
      std::ranges::copy_if(sorted, std::back_inserter(odd), [&](size_t i) { return rows.small[i] && *rows.small[i] % 2 == 1; });
      for (const auto& window : kWindows) {
        ScanOptions options = WindowOf(window);
        options.order_by = keys;
        const uint64_t limit = std::min<uint64_t>(window.second, kRows);
        for (const uint64_t batch_rows : {1000, 13}) {
          options.batch_rows = batch_rows;
          EXPECT_EQ(IdsInOrder(*table, options), IdsOf(rows, sorted, window.first, limit)) << keys[0].column;
        }
        options.filter = SqlExpression{.text = "small % 2 = 1", .positional = {}, .named = {}};
        EXPECT_EQ(IdsInOrder(*table, options), IdsOf(rows, odd, window.first, limit)) << keys[0].column;
      }
    }
    EXPECT_LE(table->session()->memory_used(), used + (512 << 10));
  }
}

TEST(OrderedScanTest, SomeFragmentsInOrder) {
  const Rows rows = MakeRows(3);
  const auto table = MakeTable(rows, 1000, kSessions[1]);
  std::vector<size_t> some = Passing(rows, [](size_t i) { return i / 1000 == 1 || i / 1000 == 3; });
  std::ranges::sort(some, [&](size_t a, size_t b) { return rows.id[a] < rows.id[b]; });
  ScanOptions options;
  options.fragment_ids = {{3, 1}};
  options.order_by = {{.column = "id"}};
  EXPECT_EQ(IdsInOrder(*table, options), IdsOf(rows, some, 0, kRows));
  options.limit = 20;
  EXPECT_EQ(IdsInOrder(*table, options), IdsOf(rows, some, 0, 20));
}

TEST(OrderedScanTest, HalfReadScansGiveTheirMemoryBack) {
  const Rows rows = MakeRows(4);
  const auto table = MakeTable(rows, 1000, kSessions[1]);
  ScanOptions options;
  options.order_by = {{.column = "text"}, {.column = "id"}};
  options.batch_rows = 100;
  table->Scan(options)->Next();
  const uint64_t used = table->session()->memory_used();
  for (int i = 0; i < 3; ++i) {
    const auto reader = table->Scan(options);
    EXPECT_EQ(table->session()->memory_used(), used) << "nothing is sorted yet";
    reader->Next();
    EXPECT_GT(table->session()->memory_used(), used);
  }
  EXPECT_EQ(table->session()->memory_used(), used);
}

TEST(OrderedScanTest, WrongOptionsAreNamed) {
  const auto table = MakeTable(MakeRows(5), 1000, kSessions[0]);
  ScanOptions options;
  options.order_by = {{.column = "nope"}};
  EXPECT_THROW(table->Scan(options), Error);
  options.order_by = {{.column = "id"}};
  options.batch_rows = 0;
  EXPECT_THROW(table->Scan(options), Error);
}

}  // namespace
}  // namespace eider::query
