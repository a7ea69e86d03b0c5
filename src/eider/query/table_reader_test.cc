#include "eider/query/table_reader.h"

#include <gtest/gtest.h>

#include <numeric>

#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/mutate/write.h"

namespace eider::query {
namespace {

ArrayPtr Int64s(const std::vector<int64_t>& values) {
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeId::kInt64);
  array->length = static_cast<int64_t>(values.size());
  array->null_count = 0;
  array->buffers = {CopyToBuffer({reinterpret_cast<const uint8_t*>(values.data()), values.size() * 8})};
  return array;
}

std::vector<int64_t> Values(const ArrayPtr& array) {
  const int64_t* data = array->buffers[0].as<int64_t>() + array->offset;
  return {data, data + array->length};
}

/// A table of one column `id` = 0, 1, ... in fragments of `rows_per_file`.
std::shared_ptr<const TableReader> MakeTable(int64_t num_rows, uint64_t rows_per_file) {
  auto schema = std::make_shared<Schema>();
  schema->fields = {{.name = "id", .type = MakeType(TypeId::kInt64)}};
  std::vector<int64_t> ids(static_cast<size_t>(num_rows));
  std::iota(ids.begin(), ids.end(), 0);
  const auto data = MakeBatchReader(schema, {{schema, num_rows, {Int64s(ids)}}});
  WriteOptions options{.max_rows_per_file = rows_per_file, .session = Session::Default()};
  return std::make_shared<const TableReader>(mutate::Create(io::MakeMemoryStore("query"), *data, options), Session::Default());
}

RecordBatch Take(const TableReader& table, const std::vector<uint64_t>& rows, const ScanOptions& options = {}) {
  return table.Take(*table.Plan(options), rows, nullptr);
}

std::vector<int64_t> ScanIds(const TableReader& table, const ScanOptions& options) {
  std::vector<int64_t> ids;
  const auto reader = table.Scan(options);
  while (const std::optional<RecordBatch> batch = reader->Next()) {
    EXPECT_LE(batch->num_rows, static_cast<int64_t>(options.batch_rows));
    for (const int64_t id : Values(batch->columns[0])) ids.push_back(id);
  }
  return ids;
}

TEST(TableReaderTest, TakeKeepsOrderAndDuplicatesAcrossFragments) {
  const auto table = MakeTable(100, 30);
  ASSERT_EQ(table->num_fragments(), 4u);
  EXPECT_EQ(Values(Take(*table, {99, 0, 31, 31, 29, 30}).columns[0]), (std::vector<int64_t>{99, 0, 31, 31, 29, 30}));
  EXPECT_EQ(Values(Take(*table, {5, 35, 65}).columns[0]), (std::vector<int64_t>{5, 35, 65}));
  EXPECT_EQ(Take(*table, {}).num_rows, 0);
}

TEST(TableReaderTest, TakeNamesTheIndexThatIsOutOfRange) {
  const auto table = MakeTable(10, 4);
  try {
    Take(*table, {1, 10});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
    EXPECT_NE(std::string(error.what()).find("index 10 at position 1"), std::string::npos) << error.what();
  }
}

TEST(TableReaderTest, ScanObeysLimitOffsetAndFragments) {
  const auto table = MakeTable(100, 30);
  std::vector<int64_t> all(100);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(ScanIds(*table, {.batch_rows = 7}), all);
  EXPECT_EQ(ScanIds(*table, {.limit = 5, .offset = 58}), (std::vector<int64_t>{58, 59, 60, 61, 62}));
  EXPECT_EQ(ScanIds(*table, {.limit = 0}), std::vector<int64_t>{});
  EXPECT_EQ(ScanIds(*table, {.offset = 100}), std::vector<int64_t>{});
  EXPECT_EQ(ScanIds(*table, {.limit = 2, .fragment_ids = {{3, 0}}}), (std::vector<int64_t>{90, 91}));
  EXPECT_THROW(table->Scan({.fragment_ids = {{9}}}), Error);
}

TEST(TableReaderTest, ReadRangeCrossesFragments) {
  const auto table = MakeTable(100, 30);
  const RecordBatch batch = table->ReadRange(*table->Plan({}), 28, 4, nullptr);
  EXPECT_EQ(Values(batch.columns[0]), (std::vector<int64_t>{28, 29, 30, 31}));
  EXPECT_THROW(table->ReadRange(*table->Plan({}), 99, 2, nullptr), Error);
}

TEST(TableReaderTest, SystemColumnsStandWhereTheyAreNamed) {
  const auto table = MakeTable(100, 30);
  const RecordBatch batch = Take(*table, {31, 2}, {.columns = {{"_rowaddr", "id", "_rowoffset"}}, .with_row_id = true});
  ASSERT_EQ(batch.schema->fields.size(), 4u);
  EXPECT_EQ(batch.schema->fields[0].name, "_rowaddr");
  EXPECT_EQ(batch.schema->fields[3].name, "_rowid");
  EXPECT_EQ(Values(batch.columns[0]), (std::vector<int64_t>{(int64_t{1} << 32) + 1, 2}));
  EXPECT_EQ(Values(batch.columns[1]), (std::vector<int64_t>{31, 2}));
  EXPECT_EQ(Values(batch.columns[2]), (std::vector<int64_t>{31, 2}));
}

TEST(TableReaderTest, AMissingColumnIsNotFound) {
  const auto table = MakeTable(10, 10);
  try {
    table->Plan({.columns = {{"nope"}}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kNotFound);
    EXPECT_NE(std::string(error.what()).find("nope"), std::string::npos);
  }
}

}  // namespace
}  // namespace eider::query
