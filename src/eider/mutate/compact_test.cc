#include "eider/mutate/compact.h"

#include <gtest/gtest.h>

#include <map>

#include "eider/mutate/columns.h"
#include "eider/mutate/delete.h"
#include "eider/mutate/update.h"
#include "eider/mutate/write.h"
#include "eider/table/commit.h"
#include "eider/testing/every_failure.h"
#include "eider/testing/faulty_store.h"
#include "eider/testing/int_columns.h"

namespace eider::mutate {
namespace {

using testing::ErrorOf;
using testing::Range;
using testing::Stream;
using testing::Values;
using CompactionGroups = std::vector<CompactionGroup>;

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
  EXPECT_EQ(plan({3, 4}), (CompactionGroups{{{0, 1}}}));
  EXPECT_EQ(plan({3, 4, 10, 2, 2}), (CompactionGroups{{{0, 1}}, {{3, 4}}}));
  EXPECT_EQ(plan({6, 6, 6, 6, 1}), (CompactionGroups{{{0, 1}}, {{2, 3}}}));
}

TEST(CompactTest, PlansFragmentsOfWhichManyRowsAreDeleted) {
  table::Snapshot read = TableToCompact({20, 20, 20});
  read = DeleteRows(read, {.text = "a < 3 OR a = 45"}, {}, Session::Default()).snapshot;
  const auto plan = [&](CompactionOptions options) {
    options.target_rows_per_fragment = 10;
    return PlanCompaction(*ReaderOf(read), options);
  };
  EXPECT_EQ(plan({}), (CompactionGroups{{{0}}}));
  EXPECT_EQ(plan({.materialize_deletions_threshold = 0.01}), (CompactionGroups{{{0}}, {{2}}}));
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

/// One fragment of `rows` rows: a wide file, and `columns` columns in a file each.
table::Snapshot TableOfFiles(int64_t rows, int columns) {
  std::vector<testing::Column> wide = {{"a", Range(0, rows)}};
  for (int i = 0; i < 9; ++i) wide.push_back({fmt::format("wide{}", i), Range(i, rows + i)});
  table::Snapshot snapshot = Create(io::MakeMemoryStore("files_test"), *Stream(wide, 1000), {});
  for (int i = 0; i < columns; ++i) snapshot = AddColumns(snapshot, *Stream({{fmt::format("c{}", i), Range(i, rows + i)}}), {});
  return snapshot;
}

uint64_t BytesOfFiles(const table::Fragment& fragment) {
  uint64_t bytes = 0;
  for (int f = 0; f < fragment.num_files(); ++f) bytes += fragment.file(f).file_size_bytes();
  return bytes;
}

TEST(CompactTest, SmallFilesAreMergedAndLargeOnesStay) {
  table::Snapshot read = TableOfFiles(20'000, 3);
  read = DeleteRows(read, {.text = "a = 3"}, {}, Session::Default()).snapshot;
  const table::Fragment& before = read.manifest->fragment(0);
  EXPECT_EQ(before.num_files(), 4);
  const CompactionOptions options{.target_rows_per_fragment = 1000, .max_small_files = 2};
  const Compacted merged = Compact(read, options);
  const table::Fragment& after = merged.snapshot.manifest->fragment(0);
  EXPECT_EQ(after.id(), before.id());
  EXPECT_EQ(after.num_files(), 2);
  EXPECT_EQ(after.file(0).SerializeAsString(), before.file(0).SerializeAsString()) << "the large file is as it was";
  EXPECT_LE(BytesOfFiles(after), BytesOfFiles(before) * 11 / 10);
  EXPECT_EQ(merged.metrics.files_removed, 3u);
  EXPECT_EQ(merged.metrics.files_added, 1u);
  EXPECT_EQ(merged.metrics.fragments_removed, 0u);
  for (const char* column : {"a", "wide3", "c0", "c2"}) EXPECT_EQ(testing::ReadColumn(merged.snapshot, column), testing::ReadColumn(read, column));
  EXPECT_EQ(Compact(merged.snapshot, options).snapshot.version(), merged.snapshot.version()) << "nothing is left to do";
}

TEST(CompactTest, MergesOfFilesThatComeOneByOneWriteEachValueAFewTimes) {
  table::Snapshot read = TableOfFiles(2000, 0);
  uint64_t written = 0, added = 0;
  for (int i = 0; i < 150; ++i) {
    read = AddColumns(read, *Stream({{fmt::format("c{}", i), Range(i, 2000 + i)}}), {});
    const table::Fragment& fragment = read.manifest->fragment(0);
    added += fragment.file(fragment.num_files() - 1).file_size_bytes();
    const uint64_t version = read.version();
    read = Compact(read, {.target_rows_per_fragment = 1000, .max_small_files = 8}).snapshot;
    const table::Fragment& now = read.manifest->fragment(0);
    if (read.version() > version) written += now.file(now.num_files() - 1).file_size_bytes();
    EXPECT_LE(now.num_files(), 16);
  }
  EXPECT_LE(written, 6 * added);
  EXPECT_EQ(testing::ReadColumn(read, "c77"), Range(77, 2077));
}

TEST(CompactTest, MergedFilesKeepRowIdsAndVersions) {
  table::Snapshot read = TableToCompact({50}, {.enable_stable_row_ids = true});
  for (int i = 0; i < 5; ++i) read = AddColumns(read, *Stream({{fmt::format("c{}", i), Range(i, 50 + i)}}), {});
  const auto rows = RowsById(read);
  const Compacted merged = Compact(read, {.max_small_files = 2});
  EXPECT_EQ(merged.metrics.files_added, 1u);
  EXPECT_EQ(RowsById(merged.snapshot), rows);
}

TEST(CompactTest, FragmentsWithManyBytesAreLeftAlone) {
  const table::Snapshot read = TableToCompact({2000, 2000, 10, 10});
  EXPECT_EQ(PlanCompaction(*ReaderOf(read), {.target_bytes_per_fragment = 3000}), (CompactionGroups{{{2, 3}}}));
  EXPECT_EQ(PlanCompaction(*ReaderOf(read), {.max_source_fragments = 3}), CompactionGroups());
  EXPECT_EQ(PlanCompaction(*ReaderOf(read), {.excluded_fragment_ids = {1}}), (CompactionGroups{{{2, 3}}}));
}

/// A plan whose results come back as messages.
std::vector<CompactionRewrite> Execute(const table::Snapshot& read, const CompactionOptions& options) {
  std::vector<CompactionRewrite> rewrites;
  for (const CompactionTask& task : PlanTasks(read, options, Session::Default())) {
    rewrites.push_back(ExecuteTask(read, task, options, Session::Default()));
  }
  return rewrites;
}

TEST(CompactTest, TasksOfWorkersAreCommittedAtOnce) {
  const CompactionOptions options{.target_rows_per_fragment = 10};
  const table::Snapshot read = TableToCompact({5, 5, 5, 5, 3});
  std::vector<CompactionRewrite> rewrites = Execute(read, options);
  ASSERT_EQ(rewrites.size(), 2u);
  Append(read, *Stream({{"a", {100}}}), {});
  const Compacted compacted = CommitRewrites(read, rewrites, options);
  EXPECT_EQ(compacted.snapshot.manifest->num_fragments(), 4u);
  EXPECT_EQ(compacted.metrics.fragments_removed, 4u);
  Values rows = RowsOf(compacted.snapshot), expected = Range(0, 23);
  expected.push_back(100);
  std::sort(rows.begin(), rows.end());
  EXPECT_EQ(rows, expected);
  EXPECT_EQ(ErrorOf([&] { CommitRewrites(compacted.snapshot, rewrites, options); }).kind(), ErrorKind::kRetryableConflict) << "it is done already";
}

TEST(CompactTest, ResultsThatContradictThemselvesAreRefused) {
  const CompactionOptions options{.target_rows_per_fragment = 10};
  const table::Snapshot read = TableToCompact({5, 5});
  const std::vector<CompactionRewrite> good = Execute(read, options);
  const auto error_of = [&](std::vector<CompactionRewrite> rewrites) { return ErrorOf([&] { CommitRewrites(read, rewrites, options); }).kind(); };
  EXPECT_EQ(error_of({good[0], good[0]}), ErrorKind::kInvalid);
  CompactionRewrite lost = good[0];
  lost.new_fragments.clear();
  EXPECT_EQ(error_of({lost}), ErrorKind::kInvalid);
  CompactionRewrite torn = good[0];
  torn.old_fragments[0] = "\xff\xff";
  EXPECT_EQ(error_of({torn}), ErrorKind::kInvalid);
  CompactionTask task = PlanTasks(read, options, Session::Default())[0];
  task.fragments.push_back(task.fragments[0]);
  EXPECT_EQ(ErrorOf([&] { ExecuteTask(read, task, options, Session::Default()); }).kind(), ErrorKind::kInvalid);
}

TEST(CompactTest, WhatWasCommittedBeforeAFailureIsNotDoneAgain) {
  const CompactionOptions options{.target_rows_per_fragment = 4, .commit_interval = std::chrono::seconds(0)};
  bool went_on = false;
  for (int n = 5; n < 120; n += 10) {
    table::Snapshot read = TableToCompact(std::vector<int64_t>(40, 1));
    const auto faulty = std::make_shared<testing::FaultyStore>(read.store);
    table::Snapshot at_risk = read;
    at_risk.store = faulty;
    faulty->FailAt(n, false);
    try {
      CompactFiles(at_risk, options, std::make_shared<Session>(SessionOptions{.cpu_threads = 0}));
    } catch (const Error&) {
    }
    read = table::LoadSnapshot(read.store);
    Values rows = RowsOf(read);
    std::ranges::sort(rows);  // those of groups that were committed come last
    EXPECT_EQ(rows, Range(0, 40)) << n;
    const size_t left = PlanCompaction(*ReaderOf(read), options).size();
    went_on |= left > 0 && left < 10;
    const Compacted rest = Compact(read, options);
    EXPECT_EQ(rest.metrics.fragments_added, left);
    EXPECT_EQ(rest.snapshot.manifest->num_fragments(), 10u);
  }
  EXPECT_TRUE(went_on);
}

TEST(CompactTest, GroupsThatNobodyTouchedAreCommittedAllTheSame) {
  const table::Snapshot read = TableToCompact({5, 5, 5, 5});
  DeleteRows(read, {.text = "a = 7"}, {}, Session::Default());
  const Compacted compacted = CompactGroups(read, {{{0, 1}}, {{2, 3}}}, {}, Session::Default());
  EXPECT_EQ(compacted.metrics.fragments_removed, 2u);
  EXPECT_EQ(compacted.snapshot.manifest->num_fragments(), 3u);
  EXPECT_EQ(RowsOf(compacted.snapshot).size(), 19u);
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
