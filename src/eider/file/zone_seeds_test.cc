#include "eider/file/zone_seeds.h"

#include <gtest/gtest.h>

#include "eider/array/ipc_file.h"
#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/testing/arrays.h"

namespace eider::file {
namespace {

using testing::Numbers;
using testing::OptionalNumbers;

/// Zones of 10, 10 and 5 rows, the second all null.
RecordBatch Seed() {
  Schema schema;
  for (const auto& [name, type] : {std::pair("min", TypeId::kInt64), {"max", TypeId::kInt64}, {"null_count", TypeId::kUInt32},
                                   {"nan_count", TypeId::kUInt32}, {"zone_length", TypeId::kUInt64}}) {
    schema.fields.push_back({name, MakeType(type), true, {}});
  }
  return {std::make_shared<const Schema>(schema), 3,
          {OptionalNumbers<int64_t>({1, std::nullopt, 30}), OptionalNumbers<int64_t>({9, std::nullopt, 33}), Numbers<uint32_t>({0, 10, 2}),
           Numbers<uint32_t>({0, 0, 0}), Numbers<uint64_t>({10, 10, 5})}};
}

Zones Read(const RecordBatch& seed, uint64_t num_rows = 25, TypeId type = TypeId::kInt64) {
  return ReadSeed(WriteIpcFile(seed).span(), MakeType(type), num_rows);
}

std::string Number(int64_t value) { return std::string(reinterpret_cast<const char*>(&value), sizeof value); }

TEST(ZoneSeedsTest, SayOfZonesWhatStatisticsSayOfPages) {
  const Zones zones = Read(Seed());
  EXPECT_EQ(zones.first_rows, (std::vector<uint64_t>{0, 10, 20, 25}));
  EXPECT_EQ(zones.statistics.at(0), (page::PageStatistics{.null_count = 0, .min = Number(1), .max = Number(9)}));
  EXPECT_EQ(zones.statistics.at(1), (page::PageStatistics{.null_count = 10, .min = {}, .max = {}}));
  EXPECT_EQ(zones.statistics.at(2), (page::PageStatistics{.null_count = 2, .min = Number(30), .max = Number(33)}));
}

TEST(ZoneSeedsTest, ThatContradictTheFileAreCorrupt) {
  const auto refused = [](size_t column, ArrayPtr values) {
    RecordBatch seed = Seed();
    seed.columns.at(column) = std::move(values);
    EXPECT_THROW(Read(seed), Error) << column;
  };
  refused(0, OptionalNumbers<int64_t>({1, 2, 30}));             // a bound of a zone without values
  refused(1, OptionalNumbers<int64_t>({9, std::nullopt, {}}));  // and none of one with values
  refused(2, Numbers<uint32_t>({0, 11, 2}));
  refused(3, Numbers<uint32_t>({0, 1, 0}));
  refused(4, Numbers<uint64_t>({10, 10, 4}));
  refused(4, Numbers<uint64_t>({10, 10, 6}));
  refused(4, Numbers<uint64_t>({25, 0, 0}));
  EXPECT_THROW(Read(Seed(), 24), Error);
  EXPECT_THROW(Read(Seed(), 25, TypeId::kInt32), Error);
  EXPECT_THROW(Read(Seed(), 25, TypeId::kBool), Error);
}

TEST(ZoneSeedsTest, AreReadOnceAndCountForNothingWhenBroken) {
  LanceField field{.name = "n", .id = 3, .logical_type = "int64"};
  const Buffer good = WriteIpcFile(Seed());
  int reads = 0;
  const auto read = [&](const LanceField&) { return ++reads, std::optional<Buffer>(good); };
  const ZoneSeeds seeds;
  EXPECT_EQ(seeds.Facts(field, 25, read).size(), 3u);
  EXPECT_EQ(seeds.Facts(field, 25, read).at(2).first_row, 20u);
  EXPECT_EQ(reads, 1);
  field.id = 4;
  EXPECT_TRUE(seeds.Facts(field, 26, read).empty());
}

TEST(ZoneSeedsTest, AreFoundByTheFieldIdInTheFilesSchema) {
  LanceSchema schema;
  schema.fields = {{.name = "old", .id = 7}, {.name = "s", .id = 8}};
  schema.metadata = {{"lance.seed.old", "2:8192"}, {"lance.seed.s", "x:1"}};
  EXPECT_EQ(FindSeed(schema, {.name = "new", .id = 7}), 2u);
  EXPECT_EQ(FindSeed(schema, {.name = "s", .id = 8}), std::nullopt);
  EXPECT_EQ(FindSeed(schema, {.name = "old", .id = 9}), std::nullopt);
}

}  // namespace
}  // namespace eider::file
