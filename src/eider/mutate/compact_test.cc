#include "eider/mutate/compact.h"

#include <gtest/gtest.h>

#include <map>

#include "eider/mutate/delete.h"
#include "eider/mutate/update.h"
#include "eider/mutate/write.h"
#include "eider/table/commit.h"
#include "eider/testing/every_failure.h"
#include "eider/testing/int_columns.h"

namespace eider::mutate {
namespace {

using testing::ErrorOf;
using testing::Range;
using testing::Stream;
using testing::Values;
using CompactionGroups = std::vector<std::vector<size_t>>;

/// One fragment per entry, of so many rows; a counts through all of them.
table::Snapshot TableToCompact(const std::vector<int64_t>& rows, WriteOptions options = {}) {
  table::Snapshot snapshot = Create(io::MakeMemoryStore("compact_test"), *Stream({{"a", Range(0, rows[0])}}), options);
  int64_t first = rows[0];
  for (size_t i = 1; i < rows.size(); first += rows[i++]) snapshot = Append(snapshot, *Stream({{"a", Range(first, first + rows[i])}}), {});
  return snapshot;
}

std::shared_ptr<const query::TableReader> ReaderOf(const table::Snapshot& snapshot) {
  return std::make_shared<const query::TableReader>(snapshot, Session::Default());
}

Values RowsOf(const table::Snapshot& snapshot) { return testing::ReadColumn(snapshot, "a"); }

Compacted Compact(const table::Snapshot& read, const CompactionOptions& options = {}) {
  return CompactFiles(read, options, Session::Default());
}

TEST(CompactTest, PlansRunsOfSmallNeighboursUpToTheTarget) {
  const auto plan = [](const std::vector<int64_t>& rows) {
    return PlanCompaction(*ReaderOf(TableToCompact(rows)), {.target_rows_per_fragment = 10});
  };
  EXPECT_EQ(plan({10, 12}), CompactionGroups());
  EXPECT_EQ(plan({3}), CompactionGroups()) << "nobody to join";
  EXPECT_EQ(plan({10, 3, 10}), CompactionGroups());
  EXPECT_EQ(plan({3, 4}), (CompactionGroups{{0, 1}}));
  EXPECT_EQ(plan({3, 4, 10, 2, 2}), (CompactionGroups{{0, 1}, {3, 4}}));
  EXPECT_EQ(plan({6, 6, 6, 6, 1}), (CompactionGroups{{0, 1}, {2, 3}}));
}

TEST(CompactTest, PlansFragmentsOfWhichManyRowsAreDeleted) {
  table::Snapshot read = TableToCompact({20, 20, 20});
  read = DeleteRows(read, {.text = "a < 3 OR a = 45"}, {}, Session::Default()).snapshot;
  const auto plan = [&](CompactionOptions options) {
    options.target_rows_per_fragment = 10;
    return PlanCompaction(*ReaderOf(read), options);
  };
  EXPECT_EQ(plan({}), (CompactionGroups{{0}}));
  EXPECT_EQ(plan({.materialize_deletions_threshold = 0.01}), (CompactionGroups{{0}, {2}}));
  EXPECT_EQ(plan({.materialize_deletions = false}), CompactionGroups());
}

TEST(CompactTest, KeepsEveryLiveRowAndTheVersionOfTheFiles) {
  for (const char* version : {"2.0", "2.1", "2.2"}) {
    table::Snapshot read = TableToCompact({5, 5, 5}, {.data_storage_version = version});
    read = DeleteRows(read, {.text = "a % 5 = 1"}, {}, Session::Default()).snapshot;
    const Compacted compacted = Compact(read);
    const table::Manifest& manifest = *compacted.snapshot.manifest;
    ASSERT_EQ(manifest.num_fragments(), 1u);
    EXPECT_EQ(manifest.fragment(0).id(), 3u);
    EXPECT_FALSE(manifest.fragment(0).has_deletions());
    EXPECT_EQ(manifest.fragment(0).file(0).file_minor_version(), read.manifest->fragment(0).file(0).file_minor_version());
    EXPECT_EQ(RowsOf(compacted.snapshot), RowsOf(read));
    EXPECT_EQ(RowsOf(read).size(), 12u);
    EXPECT_EQ(compacted.metrics.files_removed, 6u);
    EXPECT_EQ(compacted.metrics.files_added, 1u);
    EXPECT_EQ(Compact(compacted.snapshot).snapshot.version(), compacted.snapshot.version()) << "nothing is left to do";
  }
}

/// What is known of each row, by its id.
std::map<int64_t, Values> RowsById(const table::Snapshot& snapshot) {
  std::map<int64_t, Values> rows;
  const Values ids = testing::ReadColumn(snapshot, "_rowid");
  for (const char* column : {"a", "_row_created_at_version", "_row_last_updated_at_version"}) {
    const Values values = testing::ReadColumn(snapshot, column);
    for (size_t i = 0; i < ids.size(); ++i) rows[*ids[i]].push_back(values[i]);
  }
  return rows;
}

TEST(CompactTest, RowsKeepTheirStableIdsAndVersions) {
  table::Snapshot read = TableToCompact({5, 5, 5}, {.enable_stable_row_ids = true});
  read = DeleteRows(read, {.text = "a % 5 = 1"}, {}, Session::Default()).snapshot;
  read = UpdateRows(read, {{"a", {.text = "a + 100"}}}, SqlExpression{.text = "a = 7"}, {}, Session::Default()).snapshot;
  const std::map<int64_t, Values> rows = RowsById(read);
  ASSERT_EQ(rows.size(), 12u);
  EXPECT_EQ(rows.at(7), (Values{107, 2, 5}));
  EXPECT_EQ(rows.at(12), (Values{12, 3, 3}));
  const Compacted some = Compact(read, {.target_rows_per_fragment = 6});
  EXPECT_GT(some.metrics.fragments_added, 1u);
  EXPECT_EQ(RowsById(some.snapshot), rows);
  const Compacted all = Compact(some.snapshot);
  EXPECT_EQ(all.snapshot.manifest->num_fragments(), 1u);
  EXPECT_EQ(RowsById(all.snapshot), rows);
  EXPECT_EQ(RowsById(Append(all.snapshot, *Stream({{"a", {500}}}), {})).rbegin()->first, 15);
}

TEST(CompactTest, AppendsGoOnMeanwhileAndDeletesMakeItPlanAgain) {
  const table::Snapshot read = TableToCompact({5, 5});
  Append(read, *Stream({{"a", {100}}}), {});
  const Compacted first = Compact(read);
  EXPECT_EQ(first.snapshot.version(), 4u);
  EXPECT_EQ(first.snapshot.manifest->num_fragments(), 2u);
  DeleteRows(first.snapshot, {.text = "a = 7"}, {}, Session::Default());
  const Compacted again = Compact(first.snapshot);
  Values rows = RowsOf(again.snapshot);
  std::sort(rows.begin(), rows.end());
  EXPECT_EQ(rows, (Values{0, 1, 2, 3, 4, 5, 6, 8, 9, 100}));
  EXPECT_EQ(again.snapshot.manifest->num_fragments(), 1u);
  EXPECT_EQ(ErrorOf([&] { Compact(first.snapshot, {.change = {.conflict_retries = 0}}); }).kind(), ErrorKind::kRetryableConflict);
}

TEST(CompactTest, RefusesByName) {
  EXPECT_EQ(ErrorOf([&] { Compact(TableToCompact({5}), {.target_rows_per_fragment = 0}); }).kind(), ErrorKind::kInvalid);
}

/// Fails every store operation in turn: afterwards every row is there once.
TEST(CompactTest, AFailedCompactionLeavesTheTableWhole) {
  testing::FailEveryOperation(
      [] { return TableToCompact({5, 5}); }, [](const table::Snapshot& read) { Compact(read); },
      [](const table::Snapshot& latest) {
        EXPECT_EQ(RowsOf(latest), Range(0, 10));
        EXPECT_EQ(latest.manifest->num_fragments(), latest.version() == 2 ? 2u : 1u);
      });
}

}  // namespace
}  // namespace eider::mutate
