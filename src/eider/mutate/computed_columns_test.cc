#include <gtest/gtest.h>

#include "eider/mutate/columns.h"
#include "eider/mutate/delete.h"
#include "eider/mutate/update.h"
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

table::Snapshot TableToCompute(int64_t num_rows, WriteOptions options = {}) {
  if (options.max_rows_per_file == WriteOptions().max_rows_per_file) options.max_rows_per_file = 10;
  return Create(io::MakeMemoryStore("computed_test"), *Stream({{"a", Range(0, num_rows)}}, 1000), options);
}

std::vector<ComputedColumn> Sql(const std::string& name, const std::string& text) { return {{name, {.text = text}}}; }

Values Twice(int64_t num_rows) {
  Values values;
  for (int64_t i = 0; i < num_rows; ++i) values.emplace_back(2 * i);
  return values;
}

TEST(ComputedColumnsTest, ColumnsThatAreNullAreMetadataAlone) {
  for (const char* version : {"2.0", "2.1", "2.2"}) {
    const table::Snapshot before = TableToCompute(25, {.data_storage_version = version});
    const table::Snapshot after = AddComputedColumns(before, {{"b", {.text = "CAST(NULL AS INT)"}}, {"c", {.text = "nullif(1, 1)"}}}, {});
    for (size_t i = 0; i < 3; ++i) EXPECT_EQ(after.manifest->fragment(i).num_files(), 1);
    EXPECT_EQ(ReadColumn(after, "c"), Values(25));
    EXPECT_EQ(after.manifest->schema().FindPath("b")->logical_type, "int32");
    const table::Snapshot some = AddComputedColumns(after, {{"d", {.text = "CAST(NULL AS BIGINT)"}}, {"e", {.text = "a"}}}, {});
    EXPECT_EQ(some.manifest->fragment(0).num_files(), 2);
    EXPECT_EQ(ReadColumn(some, "d"), Values(25));
    EXPECT_EQ(ErrorOf([&] { AddComputedColumns(before, Sql("a", "NULL"), {}); }).kind(), ErrorKind::kInvalid);
  }
}

TEST(ComputedColumnsTest, WritesOneFileOfTheNewColumnsForEachFragment) {
  for (const char* version : {"2.0", "2.1", "2.2"}) {
    const table::Snapshot before = TableToCompute(25, {.data_storage_version = version});
    const table::Snapshot after = AddComputedColumns(before, {{"b", {.text = "a * 2"}}, {"c", {.text = "7"}}}, {});
    EXPECT_EQ(ReadColumn(after, "b"), Twice(25));
    EXPECT_EQ(ReadColumn(after, "c"), Values(25, 7));
    EXPECT_EQ(ReadColumn(after, "a"), Range(0, 25));
    for (size_t i = 0; i < 3; ++i) {
      const table::Fragment& fragment = after.manifest->fragment(i);
      ASSERT_EQ(fragment.num_files(), 2);
      EXPECT_EQ(fragment.file(0).path(), before.manifest->fragment(i).file(0).path());
      EXPECT_EQ(fragment.file(1).file_minor_version(), fragment.file(0).file_minor_version());
    }
    EXPECT_TRUE(after.manifest->schema().FindPath("c")->nullable);
  }
}

TEST(ComputedColumnsTest, ALongFragmentIsComputedInParts) {
  const int64_t rows = 200'000;
  for (const int threads : {0, 3}) {
    SessionOptions session;
    session.cpu_threads = threads;
    const table::Snapshot read = TableToCompute(rows, {.max_rows_per_file = 150'000});
    const table::Snapshot after = AddComputedColumns(read, Sql("b", "a * 2"), {.session = std::make_shared<Session>(session)});
    EXPECT_EQ(ReadColumn(after, "b"), Twice(rows));
  }
}

TEST(ComputedColumnsTest, DeletedRowsAreNotComputed) {
  table::Snapshot read = DeleteRows(TableToCompute(30), {.text = "a = 0 OR a >= 10 AND a < 20"}, {}, Session::Default()).snapshot;
  const table::Snapshot after = AddComputedColumns(read, Sql("b", "360 / a"), {});
  const Values b = ReadColumn(after, "b");
  ASSERT_EQ(b.size(), 19u);
  EXPECT_EQ(b[0], 360);
  EXPECT_EQ(b[9], 18);
}

TEST(ComputedColumnsTest, RunsAgainWhenRowsChangeMeanwhile) {
  const table::Snapshot read = TableToCompute(20);
  UpdateRows(read, {{"a", {.text = "a + 100"}}}, SqlExpression{.text = "a < 2"}, {}, Session::Default());
  const table::Snapshot after = AddComputedColumns(read, Sql("b", "a * 2"), {});
  Values b = ReadColumn(after, "b");
  ASSERT_EQ(b.size(), 20u);
  EXPECT_EQ(b[18], 200);
  EXPECT_EQ(b[19], 202);
}

TEST(ComputedColumnsTest, RefusesWhatDoesNotFitAndLeavesNoFileBehind) {
  const table::Snapshot read = TableToCompute(25);
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
           {"a", "1"}, {"b", "nosuch"}, {"b", "1 +"}, {"b", "1 / (a - 24)"}, {"b.c", "a"}}) {
    EXPECT_EQ(ErrorOf([&] { AddComputedColumns(read, Sql(name, text), {}); }).kind(), ErrorKind::kInvalid) << name << " = " << text;
  }
  EXPECT_EQ(ErrorOf([&] { AddComputedColumns(read, {}, {}); }).kind(), ErrorKind::kInvalid);
  const SqlExpression one{.text = "1"};
  EXPECT_EQ(ErrorOf([&] { AddComputedColumns(read, {{"b", one}, {"b", one}}, {}); }).kind(), ErrorKind::kInvalid);
  EXPECT_EQ(table::LoadSnapshot(read.store).version(), 1u);
  EXPECT_EQ(read.store->List("data").size(), 3u);
}

/// Fails every store operation in turn: afterwards the table opens at its old or new version.
TEST(ComputedColumnsTest, AFailureLeavesTheTableWhole) {
  testing::FailEveryOperation(
      [] { return TableToCompute(15); }, [](const table::Snapshot& read) { AddComputedColumns(read, Sql("b", "a * 2"), {}); },
      [](const table::Snapshot& latest) {
        EXPECT_EQ(ReadColumn(latest, "a"), Range(0, 15));
        if (latest.version() == 1) return;
        EXPECT_EQ(ReadColumn(latest, "b"), Twice(15));
      });
}

}  // namespace
}  // namespace eider::mutate
