#include "eider/mutate/alter.h"

#include <gtest/gtest.h>

#include "eider/mutate/delete.h"
#include "eider/mutate/metadata.h"
#include "eider/mutate/write.h"
#include "eider/testing/every_failure.h"
#include "eider/testing/int_columns.h"

namespace eider::mutate {
namespace {

using testing::ErrorOf;
using testing::Range;
using testing::ReadColumn;
using testing::Stream;
using testing::Values;

table::Snapshot TableToAlter(WriteOptions options = {}) {
  options.max_rows_per_file = 10;
  return Create(io::MakeMemoryStore("alter_test"), *Stream({{"a", Range(0, 25)}, {"b", Range(100, 125), false}}), options);
}

ColumnAlteration Rename(const std::string& path, const std::string& name) { return {.path = path, .name = name}; }
ColumnAlteration Cast(const std::string& path, TypeId type) { return {.path = path, .type = MakeType(type)}; }

TEST(AlterTest, NamesAreSwappedInOneCallByMetadataAlone) {
  const table::Snapshot before = TableToAlter();
  const table::Snapshot after = AlterColumns(before, {Rename("a", "b"), Rename("b", "a")}, {});
  EXPECT_EQ(ReadColumn(after, "a"), Range(100, 125));
  EXPECT_EQ(ReadColumn(after, "b"), Range(0, 25));
  EXPECT_EQ(after.store->List("data").size(), 3u);
  EXPECT_TRUE(table::ReadTransaction(after)->project().preserves_nullability());
}

TEST(AlterTest, NullsAreForbiddenOnlyWhereThereAreNone) {
  table::Snapshot read = TableToAlter();
  read = AlterColumns(read, {{.path = "b", .nullable = true}, {.path = "a", .nullable = false}}, {});
  EXPECT_TRUE(read.manifest->schema().fields[1].nullable);
  EXPECT_FALSE(read.manifest->schema().fields[0].nullable);
  EXPECT_FALSE(table::ReadTransaction(read)->project().preserves_nullability());
  read = Append(read, *Stream({{"a", {7}}}), {});
  EXPECT_EQ(ErrorOf([&] { AlterColumns(read, {{.path = "b", .nullable = false}}, {}); }).kind(), ErrorKind::kInvalid);
}

TEST(AlterTest, ACastWritesTheColumnAloneUnderANewId) {
  for (const char* version : {"2.0", "2.1", "2.2"}) {
    table::Snapshot read = TableToAlter({.data_storage_version = version});
    read = DeleteRows(read, {.text = "a = 3"}, {}, Session::Default()).snapshot;
    read = AlterColumns(read, {Cast("a", TypeId::kInt8), Rename("a", "small")}, {});
    EXPECT_EQ(read.manifest->schema().fields[0].name, "small");
    EXPECT_EQ(read.manifest->schema().fields[0].id, 2);
    EXPECT_EQ(read.manifest->schema().fields[0].logical_type, "int8");
    ASSERT_EQ(read.manifest->fragment(2).num_files(), 2);
    EXPECT_EQ(read.manifest->fragment(2).file(1).fields_size(), 1);
    read = AlterColumns(read, {Cast("small", TypeId::kInt64)}, {});
    const Values values = ReadColumn(read, "small");
    ASSERT_EQ(values.size(), 24u);
    EXPECT_EQ(values[3], 4);
    EXPECT_EQ(values[23], 24);
  }
}

TEST(AlterTest, RefusesWhatDoesNotFitAndLeavesNoFileBehind) {
  const table::Snapshot read = TableToAlter();
  for (const ColumnAlteration& bad :
       {Rename("a", "b"), Rename("a", ""), Rename("a", "x.y"), Cast("a", TypeId::kUtf8), Cast("a", TypeId::kFloat), Cast("a", TypeId::kStruct)}) {
    EXPECT_EQ(ErrorOf([&] { AlterColumns(read, {bad}, {}); }).kind(), ErrorKind::kInvalid) << bad.path;
  }
  EXPECT_EQ(ErrorOf([&] { AlterColumns(read, {Rename("c", "d")}, {}); }).kind(), ErrorKind::kNotFound);
  const table::Snapshot large = Append(read, *Stream({{"a", {300}}, {"b", {1}, false}}), {});
  EXPECT_EQ(ErrorOf([&] { AlterColumns(large, {Cast("a", TypeId::kInt8)}, {}); }).kind(), ErrorKind::kInvalid) << "300 is no int8";
  EXPECT_EQ(read.store->List("data").size(), 4u);
}

TEST(AlterTest, RunsAgainAfterAnAppend) {
  const table::Snapshot read = TableToAlter();
  Append(read, *Stream({{"a", {7}}, {"b", {8}, false}}), {});
  const table::Snapshot after = AlterColumns(read, {Cast("a", TypeId::kUInt8)}, {});
  EXPECT_EQ(after.manifest->num_fragments(), 4u);
  EXPECT_EQ(after.manifest->fragment(3).num_files(), 2);
}

TEST(AlterTest, AFailedCastLeavesTheTableWhole) {
  testing::FailEveryOperation([] { return TableToAlter(); },
                              [](const table::Snapshot& read) { AlterColumns(read, {Cast("b", TypeId::kInt16), Rename("b", "c")}, {}); },
                              [](const table::Snapshot& latest) {
                                EXPECT_EQ(ReadColumn(latest, "a"), Range(0, 25));
                                EXPECT_EQ(latest.manifest->schema().fields[1].logical_type, latest.version() == 1 ? "int64" : "int16");
                              });
}

MapUpdate Set(const std::string& key, std::optional<std::string> value, bool replace = false) {
  return {.entries = {{key, std::move(value)}}, .replace = replace};
}

TEST(MetadataTest, KeysAreSetRemovedAndReplacedInEachMap) {
  table::Snapshot read = TableToAlter();
  read = UpdateConfig(read, {.config = Set("a", "1"), .table_metadata = Set("b", "2"), .schema_metadata = Set("c", "3"), .field_metadata = {{"b", Set("d", "4")}}}, {});
  EXPECT_EQ(read.manifest->config().at("a"), "1");
  EXPECT_NE(read.manifest->writer_feature_flags() & 8, 0u);
  EXPECT_EQ(read.manifest->table_metadata().at("b"), "2");
  EXPECT_EQ(read.manifest->schema().metadata, (KeyValues{{"c", "3"}}));
  EXPECT_EQ(read.manifest->schema().fields[1].metadata, (KeyValues{{"d", "4"}}));
  read = UpdateConfig(read, {.config = Set("a", std::nullopt), .table_metadata = Set("x", "y", true), .field_metadata = {{"b", Set("e", "5")}}}, {});
  EXPECT_TRUE(read.manifest->config().empty());
  EXPECT_EQ(read.manifest->table_metadata(), (std::map<std::string, std::string>{{"x", "y"}}));
  EXPECT_EQ(read.manifest->schema().fields[1].metadata, (KeyValues{{"d", "4"}, {"e", "5"}}));
  EXPECT_EQ(ErrorOf([&] { UpdateConfig(read, {.field_metadata = {{"nosuch", Set("e", "5")}}}, {}); }).kind(), ErrorKind::kNotFound);
  EXPECT_EQ(ReadColumn(read, "a"), Range(0, 25));
}

TEST(MetadataTest, APrimaryKeyIsSetOnce) {
  const std::string key = "lance-schema:unenforced-primary-key";
  table::Snapshot read = TableToAlter();
  EXPECT_EQ(ErrorOf([&] { UpdateConfig(read, {.field_metadata = {{"a", Set(key, "true")}}}, {}); }).kind(), ErrorKind::kInvalid);
  read = UpdateConfig(read, {.field_metadata = {{"b", Set(key, "true")}}}, {});
  EXPECT_TRUE(read.manifest->schema().fields[1].unenforced_primary_key);
  read = UpdateConfig(read, {.field_metadata = {{"b", Set("x", "y")}}}, {});
  EXPECT_EQ(ErrorOf([&] { UpdateConfig(read, {.field_metadata = {{"b", Set(key, std::nullopt)}}}, {}); }).kind(), ErrorKind::kInvalid);
  EXPECT_EQ(ErrorOf([&] { UpdateConfig(read, {.field_metadata = {{"b", Set("x", "y", true)}}}, {}); }).kind(), ErrorKind::kInvalid);
}

TEST(MetadataTest, WritersOfDifferentKeysBothStand) {
  const table::Snapshot read = TableToAlter();
  UpdateConfig(read, {.config = Set("a", "1"), .field_metadata = {{"a", Set("k", "1")}}}, {});
  const table::Snapshot after = UpdateConfig(read, {.config = Set("b", "2"), .field_metadata = {{"b", Set("k", "2")}}}, {});
  EXPECT_EQ(after.manifest->config(), (std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(ErrorOf([&] { UpdateConfig(read, {.config = Set("a", "3")}, {}); }).kind(), ErrorKind::kConflict);
  EXPECT_EQ(ErrorOf([&] { UpdateConfig(read, {.config = Set("z", "3", true)}, {}); }).kind(), ErrorKind::kConflict);
  EXPECT_EQ(ErrorOf([&] { UpdateConfig(read, {.field_metadata = {{"a", Set("z", "3")}}}, {}); }).kind(), ErrorKind::kConflict);
}

}  // namespace
}  // namespace eider::mutate
