#include <eider/dataset.h>
#include <eider/loader.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "eider/array/equal.h"
#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/testing/arrays.h"

namespace eider {
namespace {

constexpr int64_t kRows = 1500;

/// One column of each kind, with nulls and without.
SchemaPtr AllKinds() {
  Schema schema;
  for (const TypePtr& type : testing::SampleTypes()) {
    const bool lists_of_structs = type->id == TypeId::kFixedSizeList && type->children[0].type->id == TypeId::kStruct;  // not written yet
    if (type->id == TypeId::kNull || type->id == TypeId::kDictionary || lists_of_structs) continue;
    for (const bool nullable : {false, true}) {
      schema.fields.push_back({fmt::format("c{}", schema.fields.size()), type, nullable, {}});
    }
  }
  return std::make_shared<const Schema>(std::move(schema));
}

/// A table of three fragments, each with columns in several batches, beside its columns as they are read in row order.
struct Written {
  explicit Written(const SchemaPtr& table_schema) : schema(table_schema) {
    folder = std::filesystem::path(::testing::TempDir()) /
             fmt::format("shuffled-{}-{}", getpid(), ::testing::UnitTest::GetInstance()->random_seed());
    std::filesystem::remove_all(folder);
    testing::RandomArrays random(17);
    std::vector<RecordBatch> batches;
    for (int64_t rows = 0; rows < kRows; rows += 300) {
      RecordBatch batch{schema, 300, {}};
      for (const Field& field : schema->fields) batch.columns.push_back(random.Make(field, 300));
      batches.push_back(batch);
    }
    const auto reader = MakeBatchReader(schema, batches);
    dataset = Dataset::Write(*reader, folder.string(), {.max_rows_per_file = 600, .durability = Durability::kNone});
    columns = dataset->ReadRange(0, kRows).columns;
  }
  Written(const Written&) = delete;
  ~Written() {
    dataset.reset();
    std::filesystem::remove_all(folder);
  }

  SchemaPtr schema;
  std::filesystem::path folder;
  std::vector<ArrayPtr> columns;
  DatasetPtr dataset;
};

void ExpectRows(const Written& table, const RecordBatch& batch, const std::vector<uint64_t>& positions) {
  ASSERT_EQ(uint64_t(batch.num_rows), positions.size());
  const std::vector<int64_t> indices(positions.begin(), positions.end());
  for (size_t c = 0; c < table.columns.size(); ++c) {
    std::string difference;
    EXPECT_TRUE(ArraysEqual(*batch.columns[c], *TakeArray(table.columns[c], indices), &difference))
        << table.schema->fields[c].name << ": " << TypeToString(*table.schema->fields[c].type) << " " << difference;
  }
}

/// A pass holds the rows that its positions name, last short batch included. Returns how many rows it had.
uint64_t ExpectPass(const Written& table, const LoaderOptions& options) {
  const auto loader = Loader::Create(table.dataset, options);
  loader->SetEpoch(3);
  loader->Start();
  uint64_t rows = 0;
  for (uint64_t i = 0; const auto batch = loader->Next(); ++i) {
    const std::vector<uint64_t> positions = loader->BatchPositions(i);
    ExpectRows(table, *batch, positions);
    EXPECT_TRUE(std::is_sorted(positions.begin(), positions.end()));
    rows += positions.size();
  }
  return rows;
}

TEST(ShuffledBatchTest, HoldsWhatItsPositionsNameForEveryKindOfColumn) {
  // With room the narrow columns are decoded once; without, each batch is taken from the files.
  for (const uint64_t memory : {uint64_t{64} << 20, uint64_t{64} << 10}) {
    Written table(AllKinds());
    table.dataset = Dataset::Open(table.folder.string(), {.session = std::make_shared<Session>(SessionOptions{.memory_limit = memory})});
    ASSERT_EQ(table.dataset->fragments().size(), 3u);
    EXPECT_EQ(ExpectPass(table, {.batch_size = 1, .shuffle = true, .rows = std::vector<uint64_t>{7, 1400, 3}}), 3u);
    for (const uint64_t batch_size : {63, 64, 65, 187}) {
      EXPECT_EQ(ExpectPass(table, {.batch_size = batch_size, .shuffle = true, .seed = batch_size}), uint64_t(kRows));
    }
    std::vector<uint64_t> odd;
    for (uint64_t i = 1; i < uint64_t(kRows); i += 2) odd.push_back(i);
    EXPECT_EQ(ExpectPass(table, {.batch_size = 70, .shuffle = true, .rows = odd}), odd.size());
  }
}

}  // namespace
}  // namespace eider
