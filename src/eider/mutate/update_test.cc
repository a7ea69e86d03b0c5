#include "eider/mutate/update.h"

#include <gtest/gtest.h>

#include "eider/mutate/delete.h"
#include "eider/mutate/write.h"
#include "eider/table/commit.h"
#include "eider/testing/every_failure.h"
#include "eider/testing/int_columns.h"

namespace eider::mutate {
namespace {

using testing::ErrorOf;
using testing::Range;
using testing::ReadColumn;
using testing::Stream;
using testing::Values;

/// a: 0, 1, 2..., b: 100, 101..., in files of ten rows.
table::Snapshot TableToUpdate(int64_t num_rows, WriteOptions options = {}) {
  options.max_rows_per_file = 10;
  return Create(io::MakeMemoryStore("update_test"), *Stream({{"a", Range(0, num_rows)}, {"b", Range(100, 100 + num_rows)}}), options);
}

Changed Update(const table::Snapshot& read, const std::string& column, const std::string& value, const std::string& filter,
               const ChangeOptions& options = {}) {
  return UpdateRows(read, {{column, {.text = value}}}, SqlExpression{.text = filter}, options, Session::Default());
}

TEST(UpdateTest, WritesRowsAnewInTheVersionOfTheTable) {
  for (const char* version : {"2.0", "2.1", "2.2"}) {
    const table::Snapshot before = TableToUpdate(25, {.data_storage_version = version});
    const Changed updated = Update(before, "b", "a * 2", "a IN (3, 21)");
    EXPECT_EQ(updated.num_rows, 2u);
    const table::Manifest& manifest = *updated.snapshot.manifest;
    ASSERT_EQ(manifest.num_fragments(), 4u);
    EXPECT_EQ(manifest.fragment(3).id(), 3u);
    EXPECT_EQ(manifest.fragment(3).file(0).file_minor_version(), manifest.fragment(0).file(0).file_minor_version());
    EXPECT_EQ(manifest.data_storage_version(), version);
    const Values a = ReadColumn(updated.snapshot, "a"), b = ReadColumn(updated.snapshot, "b");
    ASSERT_EQ(a.size(), 25u);
    EXPECT_EQ(a[23], 3);
    EXPECT_EQ(b[23], 6);
    EXPECT_EQ(b[24], 42);
    EXPECT_EQ(b[0], 100);
    EXPECT_EQ(ReadColumn(before, "b"), Range(100, 125)) << "earlier versions keep their values";
  }
}

TEST(UpdateTest, SeesTheValuesBeforeItAndCastsToTheColumn) {
  const table::Snapshot read = TableToUpdate(3);
  const Changed swapped = UpdateRows(read, {{"a", {.text = "b"}}, {"b", {.text = "a"}}}, {}, {}, Session::Default());
  EXPECT_EQ(ReadColumn(swapped.snapshot, "a"), Range(100, 103));
  EXPECT_EQ(ReadColumn(swapped.snapshot, "b"), Range(0, 3));
  EXPECT_EQ(swapped.snapshot.manifest->num_fragments(), 1u) << "fragments without rows go";
  EXPECT_EQ(ReadColumn(Update(swapped.snapshot, "a", "'17'", "b = 1").snapshot, "a"), (Values{100, 102, 17}));
  const table::Snapshot latest = table::LoadSnapshot(read.store);
  EXPECT_EQ(ReadColumn(Update(latest, "a", "NULL", "b = 0").snapshot, "a"), (Values{102, 17, std::nullopt}));
}

TEST(UpdateTest, RefusesWhatDoesNotFitAndLeavesNoFileBehind) {
  const table::Snapshot read = TableToUpdate(5);
  for (const auto& [column, value] : std::vector<std::pair<std::string, std::string>>{
           {"nosuch", "1"}, {"a", "nosuch"}, {"a", "'x'"}, {"a", ""}, {"a", "1 / (a - 3)"}, {"_rowid", "1"}}) {
    EXPECT_EQ(ErrorOf([&] { Update(read, column, value, "true"); }).kind(), ErrorKind::kInvalid) << column << " = " << value;
  }
  const SqlExpression one{.text = "1"};
  EXPECT_EQ(ErrorOf([&] { UpdateRows(read, std::vector<ComputedColumn>(), {}, {}, Session::Default()); }).kind(), ErrorKind::kInvalid);
  EXPECT_EQ(ErrorOf([&] { UpdateRows(read, {{"a", one}, {"a", one}}, {}, {}, Session::Default()); }).kind(), ErrorKind::kInvalid);
  EXPECT_EQ(table::LoadSnapshot(read.store).version(), 1u);
  EXPECT_EQ(read.store->List("data").size(), 1u);
  const table::Snapshot required = Create(io::MakeMemoryStore("required"), *Stream({{"a", Range(0, 5), false}}), {});
  EXPECT_EQ(ErrorOf([&] { Update(required, "a", "NULL", "true"); }).kind(), ErrorKind::kInvalid);
}

TEST(UpdateTest, RowsKeepTheirStableIdsAndWhenTheyWereCreated) {
  const table::Snapshot first = TableToUpdate(15, {.enable_stable_row_ids = true});
  const table::Snapshot second = Update(first, "b", "b + 1000", "a = 3 OR a BETWEEN 9 AND 11").snapshot;
  const table::Snapshot third = Update(second, "b", "b + 1000", "a IN (10, 14)").snapshot;
  const Values ids = ReadColumn(third, "_rowid");
  EXPECT_EQ(ids, ReadColumn(third, "a"));
  EXPECT_EQ(ReadColumn(third, "_row_created_at_version"), Values(15, 1));
  const Values updated = ReadColumn(third, "_row_last_updated_at_version");
  for (size_t i = 0; i < ids.size(); ++i) {
    const int64_t id = *ids[i];
    EXPECT_EQ(updated[i], id == 10 || id == 14 ? 3 : id == 3 || id == 9 || id == 11 ? 2 : 1) << id;
  }
  EXPECT_EQ(third.manifest->head().next_row_id(), 15u);
}

TEST(UpdateTest, NoRowMakesNoVersion) {
  const table::Snapshot read = TableToUpdate(5);
  const Changed none = Update(read, "a", "1", "a > 100");
  EXPECT_EQ(none.num_rows, 0u);
  EXPECT_EQ(table::LoadSnapshot(read.store).version(), 1u);
  EXPECT_EQ(read.store->List("data").size(), 1u);
}

TEST(UpdateTest, RunsAgainOnRowsThatOthersChanged) {
  const table::Snapshot read = TableToUpdate(20);
  Update(read, "b", "b + 1", "a < 5");
  DeleteRows(read, {.text = "a = 19"}, {}, Session::Default());
  const Changed again = Update(read, "b", "b + 1", "a < 3 OR a = 19");
  EXPECT_EQ(again.num_rows, 3u);
  Values b = ReadColumn(again.snapshot, "b");
  std::sort(b.begin(), b.end());
  Values wanted = {102, 103, 104, 104, 105};
  for (int64_t v = 105; v < 119; ++v) wanted.emplace_back(v);
  EXPECT_EQ(b, wanted);
}

TEST(UpdateTest, MergesWithWhatOthersDidToOtherRowsOfTheFragment) {
  const table::Snapshot read = TableToUpdate(10);
  const ChangeOptions once{.conflict_retries = 0};
  const auto update = [&](const char* value, const char* filter) {
    return UpdateRows(read, {{"b", {.text = value}}}, SqlExpression{.text = filter}, once, Session::Default());
  };
  update("0", "a = 1");
  DeleteRows(read, {.text = "a = 3"}, once, Session::Default());
  const table::Snapshot latest = update("1", "a IN (2, 4)").snapshot;
  EXPECT_EQ(ReadColumn(latest, "a"), (Values{0, 5, 6, 7, 8, 9, 1, 2, 4}));
  EXPECT_EQ(ReadColumn(latest, "b"), (Values{100, 105, 106, 107, 108, 109, 0, 1, 1}));
  EXPECT_EQ(testing::ErrorOf([&] { update("5", "a = 2"); }).kind(), ErrorKind::kRetryableConflict);
  EXPECT_EQ(testing::ErrorOf([&] { update("5", "a = 3"); }).kind(), ErrorKind::kRetryableConflict);
}

/// Fails every store operation in turn: afterwards the table opens at its old or new version, with every row once.
TEST(UpdateTest, AFailedUpdateLeavesTheTableWhole) {
  testing::FailEveryOperation(
      [] { return TableToUpdate(15); }, [](const table::Snapshot& read) { Update(read, "b", "0", "a = 2 OR a = 12"); },
      [](const table::Snapshot& latest) {
        Values a = ReadColumn(latest, "a");
        std::sort(a.begin(), a.end());
        EXPECT_EQ(a, Range(0, 15));
        const Values b = ReadColumn(latest, "b");
        EXPECT_EQ(std::count(b.begin(), b.end(), 0), latest.version() == 1 ? 0 : 2);
      });
}

}  // namespace
}  // namespace eider::mutate
