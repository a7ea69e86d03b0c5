#include "eider/mutate/merge_insert.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "eider/mutate/delete.h"
#include "eider/mutate/write.h"
#include "eider/table/commit.h"
#include "eider/testing/every_failure.h"
#include "eider/testing/int_columns.h"

namespace eider::mutate {
namespace {

using testing::Column;
using testing::ErrorOf;
using testing::Range;
using testing::ReadColumn;
using testing::Stream;
using testing::Values;

MergeInsertOptions UpsertOn(std::vector<std::string> on) {
  MergeInsertOptions options;
  options.on = std::move(on);
  options.when_matched = WhenMatched::kUpdateAll;
  options.insert_not_matched = true;
  return options;
}

/// a: 0, 1, 2..., b: 100, 101..., in files of ten rows.
table::Snapshot TableToMerge(int64_t num_rows, WriteOptions options = {}) {
  options.max_rows_per_file = 10;
  return Create(io::MakeMemoryStore("merge_test"), *Stream({{"a", Range(0, num_rows)}, {"b", Range(100, 100 + num_rows)}}), options);
}

Merged Merge(const table::Snapshot& read, const std::vector<Column>& source, const MergeInsertOptions& options,
             const std::shared_ptr<Session>& session = Session::Default()) {
  return MergeInsert(read, *Stream(source), options, session);
}

using Pairs = std::multimap<std::optional<int64_t>, std::optional<int64_t>>;

Pairs ReadPairs(const table::Snapshot& snapshot) {
  const Values a = ReadColumn(snapshot, "a"), b = ReadColumn(snapshot, "b");
  Pairs pairs;
  for (size_t i = 0; i < a.size(); ++i) pairs.emplace(a[i], b[i]);
  return pairs;
}

TEST(MergeInsertTest, UpdatesWhatMatchesAndInsertsTheRest) {
  const table::Snapshot created = TableToMerge(15);
  const Merged merged = Merge(created, {{"b", {1, 2, 3, 4}}, {"a", {3, 14, 20, std::nullopt}}}, UpsertOn({"a"}));
  EXPECT_EQ(merged.metrics.num_updated_rows, 2u);
  EXPECT_EQ(merged.metrics.num_inserted_rows, 2u);
  EXPECT_EQ(merged.metrics.num_deleted_rows, 0u);
  EXPECT_EQ(merged.snapshot.version(), 2u);
  const Pairs pairs = ReadPairs(merged.snapshot);
  EXPECT_EQ(pairs.size(), 17u);
  EXPECT_EQ(pairs.find(3)->second, 1);
  EXPECT_EQ(pairs.find(14)->second, 2);
  EXPECT_EQ(pairs.find(20)->second, 3);
  EXPECT_EQ(pairs.find(std::nullopt)->second, 4);
  EXPECT_EQ(pairs.find(4)->second, 104);
}

TEST(MergeInsertTest, ColumnsThatTheSourceLacksKeepTheirValues) {
  const Merged merged = Merge(TableToMerge(15), {{"a", {3, 20}}}, UpsertOn({"a"}));
  const Pairs pairs = ReadPairs(merged.snapshot);
  EXPECT_EQ(pairs.find(3)->second, 103);
  EXPECT_EQ(pairs.find(20)->second, std::nullopt);
}

TEST(MergeInsertTest, EveryClauseDoesWhatItSays) {
  MergeInsertOptions options;
  options.on = {"a"};
  options.when_matched = WhenMatched::kDelete;
  const Merged deleted = Merge(TableToMerge(15), {{"a", {3, 4, 40}}}, options);
  EXPECT_EQ(deleted.metrics.num_deleted_rows, 2u);
  EXPECT_EQ(ReadPairs(deleted.snapshot).size(), 13u);

  options.when_matched = WhenMatched::kUpdateAll;
  options.update_condition = SqlExpression{.text = "source.b > target.b"};
  const Merged some = Merge(TableToMerge(15), {{"a", {3, 4, 40}}, {"b", {0, 1000, 1}}}, options);
  EXPECT_EQ(some.metrics.num_updated_rows, 1u);
  EXPECT_EQ(ReadPairs(some.snapshot).find(4)->second, 1000);

  MergeInsertOptions mirror = UpsertOn({"a"});
  mirror.delete_not_matched_by_source = true;
  const Merged mirrored = Merge(TableToMerge(15), {{"a", {3, 40}}, {"b", {0, 1}}}, mirror);
  EXPECT_EQ(mirrored.metrics.num_deleted_rows, 14u);
  EXPECT_EQ(ReadPairs(mirrored.snapshot), (Pairs{{3, 0}, {40, 1}}));
  mirror.delete_condition = SqlExpression{.text = "b >= 110"};
  EXPECT_EQ(Merge(TableToMerge(15), {{"a", {3, 14}}, {"b", {0, 1}}}, mirror).metrics.num_deleted_rows, 4u);

  MergeInsertOptions find_or_create = UpsertOn({"a"});
  find_or_create.when_matched = WhenMatched::kDoNothing;
  EXPECT_EQ(Merge(TableToMerge(15), {{"a", {3, 40, 40}}, {"b", {0, 1, 2}}}, find_or_create).metrics.num_inserted_rows, 2u);
  find_or_create.when_matched = WhenMatched::kFail;
  EXPECT_NE(std::string(ErrorOf([&] { Merge(TableToMerge(15), {{"a", {40, 3}}, {"b", {0, 1}}}, find_or_create); }).what()).find("a = 3"),
            std::string::npos);
}

TEST(MergeInsertTest, SeveralKeysAndRowsOfTheTableWithTheSameKey) {
  const table::Snapshot created = Create(io::MakeMemoryStore("keys"), *Stream({{"a", {1, 1, 2, 2}}, {"b", {1, 2, 1, 1}}, {"c", {1, 2, 3, 4}}}), {});
  const Merged merged = Merge(created, {{"a", {1, 2, 2}}, {"b", {2, 1, std::nullopt}}, {"c", {20, 30, 40}}}, UpsertOn({"a", "b"}));
  EXPECT_EQ(merged.metrics.num_updated_rows, 3u);
  EXPECT_EQ(merged.metrics.num_inserted_rows, 1u);
  EXPECT_EQ(ReadColumn(merged.snapshot, "c"), (Values{1, 20, 30, 30, 40}));
}

TEST(MergeInsertTest, NamesTheKeyOfARowThatSeveralRowsOfTheSourceMatch) {
  const Error error = ErrorOf([] { Merge(TableToMerge(15), {{"a", {3, 3}}, {"b", {0, 1}}}, UpsertOn({"a"})); });
  EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
  EXPECT_NE(std::string(error.what()).find("a = 3"), std::string::npos) << error.what();
}

TEST(MergeInsertTest, RefusesWhatMakesNoSense) {
  const table::Snapshot created = TableToMerge(5);
  const auto kind_of = [&](const std::vector<Column>& source, const MergeInsertOptions& options) {
    return ErrorOf([&] { Merge(created, source, options); }).kind();
  };
  EXPECT_EQ(kind_of({{"a", {1}}}, {.on = {"a"}}), ErrorKind::kInvalid);
  EXPECT_EQ(kind_of({{"a", {1}}}, UpsertOn({})), ErrorKind::kInvalid);
  EXPECT_EQ(kind_of({{"a", {1}}}, UpsertOn({"nosuch"})), ErrorKind::kNotFound);
  EXPECT_EQ(kind_of({{"b", {1}}}, UpsertOn({"a"})), ErrorKind::kInvalid);
  EXPECT_EQ(kind_of({{"a", {1}}, {"c", {1}}}, UpsertOn({"a"})), ErrorKind::kInvalid);
  MergeInsertOptions options = UpsertOn({"a"});
  options.update_condition = SqlExpression{.text = "b > 1"};
  EXPECT_NE(kind_of({{"a", {1}}, {"b", {1}}}, options), ErrorKind::kIo);
  EXPECT_EQ(table::LoadSnapshot(created.store).version(), 1u);
}

TEST(MergeInsertTest, NothingToChangeMakesNoVersion) {
  MergeInsertOptions options = UpsertOn({"a"});
  options.insert_not_matched = false;
  EXPECT_EQ(Merge(TableToMerge(5), {{"a", {77}}, {"b", {1}}}, options).snapshot.version(), 1u);
  EXPECT_EQ(Merge(TableToMerge(5), {{"a", Values{}}, {"b", Values{}}}, UpsertOn({"a"})).snapshot.version(), 1u);
}

TEST(MergeInsertTest, ASourceLargerThanTheBudgetGoesThroughFiles) {
  const auto session = std::make_shared<Session>(SessionOptions{.memory_limit = 4 << 20, .cpu_threads = 2});
  const table::Snapshot created = TableToMerge(5);
  Values keys, values;
  for (int64_t i = 0; i < 400'000; ++i) keys.push_back(i % 100 == 99 ? std::nullopt : std::optional(i));
  for (int64_t i = 0; i < 400'000; ++i) values.push_back(-i);
  const auto source = Stream({{"a", keys}, {"b", values}}, 8192);
  const Merged merged = MergeInsert(created, *source, UpsertOn({"a"}), session);
  EXPECT_EQ(merged.metrics.num_updated_rows, 5u);
  EXPECT_EQ(merged.metrics.num_inserted_rows, 400'000u - 5);
  EXPECT_EQ(session->budget().used_bytes() > session->memory_limit(), false);
  const Pairs pairs = ReadPairs(merged.snapshot);
  EXPECT_EQ(pairs.size(), 400'000u);
  for (const int64_t key : {0, 4, 98, 100, 399'998}) EXPECT_EQ(pairs.find(key)->second, -key);
  EXPECT_EQ(pairs.count(std::nullopt), 4000u);
}

TEST(MergeInsertTest, RowsThatAreUpdatedKeepTheirIds) {
  const table::Snapshot created = TableToMerge(15, {.enable_stable_row_ids = true});
  const table::Snapshot merged = Merge(created, {{"a", {30, 3, 14}}, {"b", {1, 2, 3}}}, UpsertOn({"a"})).snapshot;
  const Values a = ReadColumn(merged, "a"), ids = ReadColumn(merged, "_rowid"), made = ReadColumn(merged, "_row_created_at_version");
  const Values changed = ReadColumn(merged, "_row_last_updated_at_version");
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(ids[i], a[i] == 30 ? 15 : a[i]);
    EXPECT_EQ(made[i], a[i] == 30 ? 2 : 1);
    EXPECT_EQ(changed[i], a[i] == 30 || a[i] == 3 || a[i] == 14 ? 2 : 1);
  }
}

/// Both read version 1; the second commits after the first.
TEST(MergeInsertTest, TwoMergesThatInsertTheSameKeyInsertItOnce) {
  const table::Snapshot created = TableToMerge(5);
  Merge(created, {{"a", {10, 11}}, {"b", {1, 1}}}, UpsertOn({"a"}));
  const Merged second = Merge(created, {{"a", {11, 12}}, {"b", {2, 2}}}, UpsertOn({"a"}));
  EXPECT_EQ(second.metrics.num_updated_rows, 1u);
  EXPECT_EQ(second.metrics.num_inserted_rows, 1u);
  EXPECT_EQ(ReadPairs(second.snapshot).count(11), 1u);
  EXPECT_EQ(ReadPairs(second.snapshot).find(11)->second, 2);
}

TEST(MergeInsertTest, OneThatSharesNoKeyNeedNotRunAgain) {
  const table::Snapshot created = TableToMerge(5);
  MergeInsertOptions once = UpsertOn({"a"});
  once.change.conflict_retries = 0;
  Merge(created, {{"a", {10}}, {"b", {1}}}, once);
  EXPECT_EQ(Merge(created, {{"a", {11}}, {"b", {2}}}, once).snapshot.version(), 3u);
  EXPECT_EQ(ErrorOf([&] { Merge(created, {{"a", {10}}, {"b", {2}}}, once); }).kind(), ErrorKind::kRetryableConflict);
}

TEST(MergeInsertTest, AnAppendInBetweenMakesItRunAgain) {
  const table::Snapshot created = TableToMerge(5);
  Append(created, *Stream({{"a", {10}}, {"b", {1}}}), {});
  const Merged merged = Merge(created, {{"a", {10}}, {"b", {2}}}, UpsertOn({"a"}));
  EXPECT_EQ(merged.metrics.num_updated_rows, 1u);
  EXPECT_EQ(ReadPairs(merged.snapshot).count(10), 1u);
}

TEST(MergeInsertTest, ManyWritersOfTheSameKeysLeaveEachOnce) {
  const table::Snapshot created = TableToMerge(5);
  std::vector<std::thread> writers;
  for (int64_t w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      MergeInsertOptions options = UpsertOn({"a"});
      options.change.conflict_retries = 1000;
      for (int64_t k = 0; k < 5; ++k) Merge(table::LoadSnapshot(created.store), {{"a", Range(k, k + 8)}, {"b", Values(8, w)}}, options);
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(ReadPairs(table::LoadSnapshot(created.store)).size(), 12u);
  for (int64_t key = 0; key < 12; ++key) EXPECT_EQ(ReadPairs(table::LoadSnapshot(created.store)).count(key), 1u);
}

TEST(MergeInsertTest, AFailedMergeLeavesTheTableWhole) {
  testing::FailEveryOperation(
      [] { return TableToMerge(15); },
      [](const table::Snapshot& read) { Merge(read, {{"a", {2, 12, 20}}, {"b", {1, 1, 1}}}, UpsertOn({"a"})); },
      [](const table::Snapshot& latest) {
        EXPECT_EQ(ReadPairs(latest).size(), latest.version() == 1 ? 15u : 16u);
        EXPECT_EQ(latest.store->List("data").size() >= (latest.version() == 1 ? 2u : 3u), true);
      });
}

}  // namespace
}  // namespace eider::mutate
