#include "eider/mutate/deduplicate.h"

#include <gtest/gtest.h>

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

table::Snapshot TableWithRepeats(const std::vector<Column>& columns, uint64_t rows_per_file = 4) {
  return Create(io::MakeMemoryStore("deduplicate"), *Stream(columns), {.max_rows_per_file = rows_per_file});
}

Deduplicated RemoveRepeats(const table::Snapshot& read, std::vector<std::string> on, KeepRow keep = KeepRow::kFirst, bool dry_run = false) {
  return Deduplicate(read, {.on = std::move(on), .keep = keep, .dry_run = dry_run}, Session::Default());
}

TEST(DeduplicateTest, KeepsTheFirstOrTheLastRowOfEachKey) {
  const std::vector<Column> columns = {{"a", {1, 2, 1, 3, 2, 1, 4}}, {"b", Range(0, 7)}};
  const Deduplicated first = RemoveRepeats(TableWithRepeats(columns), {"a"});
  EXPECT_EQ(ReadColumn(first.snapshot, "b"), (Values{0, 1, 3, 6}));
  EXPECT_EQ(first.snapshot.version(), 2u);
  EXPECT_EQ(first.report.num_rows, 7u);
  EXPECT_EQ(first.report.num_removed_rows, 3u);
  EXPECT_EQ(first.report.num_repeated_keys, 2u);
  EXPECT_EQ(first.report.removed, (std::vector<uint64_t>{2, uint64_t{1} << 32, uint64_t{1} << 32 | 1}));
  EXPECT_EQ(ReadColumn(RemoveRepeats(TableWithRepeats(columns), {"a"}, KeepRow::kLast).snapshot, "b"), (Values{3, 4, 5, 6}));
}

TEST(DeduplicateTest, ADryRunOnlyCounts) {
  const table::Snapshot created = TableWithRepeats({{"a", {1, 1, 1}}});
  const Deduplicated counted = RemoveRepeats(created, {"a"}, KeepRow::kFirst, true);
  EXPECT_EQ(counted.report.num_removed_rows, 2u);
  EXPECT_EQ(table::LoadSnapshot(created.store).version(), 1u);
  EXPECT_EQ(RemoveRepeats(TableWithRepeats({{"a", {1, 2, 3}}}), {"a"}).snapshot.version(), 1u) << "nothing to remove makes no version";
}

TEST(DeduplicateTest, NullKeysEqualNothing) {
  const Deduplicated done = RemoveRepeats(TableWithRepeats({{"a", {std::nullopt, 1, std::nullopt, 1}}, {"b", {7, 7, 7, std::nullopt}}}), {"a", "b"});
  EXPECT_EQ(done.report.num_removed_rows, 0u);
  EXPECT_EQ(done.report.num_null_keys, 3u);
  EXPECT_EQ(RemoveRepeats(TableWithRepeats({{"a", {std::nullopt, 1, std::nullopt, 1}}}), {"a"}).report.num_removed_rows, 1u);
}

TEST(DeduplicateTest, SeveralColumnsMakeOneKey) {
  const Deduplicated done = RemoveRepeats(TableWithRepeats({{"a", {1, 1, 2, 1}}, {"b", {1, 2, 1, 1}}, {"c", Range(0, 4)}}), {"a", "b"});
  EXPECT_EQ(ReadColumn(done.snapshot, "c"), (Values{0, 1, 2}));
}

TEST(DeduplicateTest, RowsThatAreDeletedNeitherStayNorCount) {
  const table::Snapshot created = TableWithRepeats({{"a", {1, 2, 1, 2}}, {"b", Range(0, 4)}});
  const table::Snapshot read = DeleteRows(created, {.text = "b = 0"}, {}, Session::Default()).snapshot;
  const Deduplicated done = RemoveRepeats(read, {"a"});
  EXPECT_EQ(done.report.num_rows, 3u);
  EXPECT_EQ(ReadColumn(done.snapshot, "b"), (Values{1, 2}));
}

TEST(DeduplicateTest, KeysThatDoNotFitTheBudgetGoThroughFiles) {
  constexpr int64_t kRows = 400'000;
  Values keys;
  for (int64_t i = 0; i < kRows; ++i) keys.push_back(i % 100 == 99 ? std::nullopt : std::optional(i % 150'000));
  const auto session = std::make_shared<Session>(SessionOptions{.memory_limit = 4 << 20, .cpu_threads = 2});
  for (const KeepRow keep : {KeepRow::kFirst, KeepRow::kLast}) {
    const table::Snapshot created = TableWithRepeats({{"a", keys}, {"b", Range(0, kRows)}}, 50'000);
    const Deduplicated done = Deduplicate(created, {.on = {"a"}, .keep = keep, .max_listed = 10}, session);
    EXPECT_EQ(done.report.num_null_keys, 4000u);
    EXPECT_EQ(done.report.num_removed_rows, 247'500u);
    EXPECT_EQ(done.report.removed.size(), 10u);
    const Values left = ReadColumn(done.snapshot, "b");
    EXPECT_EQ(left.size(), 152'500u);
    EXPECT_EQ(left[10], keep == KeepRow::kFirst ? 10 : 1099);
  }
}

TEST(DeduplicateTest, RefusesWhatIsNoKey) {
  const table::Snapshot created = TableWithRepeats({{"a", {1, 1}}});
  const Error missing = ErrorOf([&] { RemoveRepeats(created, {"nosuch"}); });
  EXPECT_EQ(missing.kind(), ErrorKind::kNotFound);
  EXPECT_NE(std::string(missing.what()).find("deduplicate"), std::string::npos);
  EXPECT_EQ(ErrorOf([&] { RemoveRepeats(created, {}); }).kind(), ErrorKind::kInvalid);
}

TEST(DeduplicateTest, ADeleteOfTheRowThatStaysMeanwhileMakesItRunAgain) {
  const table::Snapshot created = TableWithRepeats({{"a", {1, 1, 2}}, {"b", {0, 1, 2}}});
  DeleteRows(created, {.text = "b = 0"}, {}, Session::Default());
  EXPECT_EQ(ReadColumn(RemoveRepeats(created, {"a"}).snapshot, "b"), (Values{1, 2}));
}

TEST(DeduplicateTest, AFailureLeavesTheTableWhole) {
  testing::FailEveryOperation([] { return TableWithRepeats({{"a", {1, 1, 2, 2, 3, 3}}}); },
                              [](const table::Snapshot& read) { RemoveRepeats(read, {"a"}); },
                              [](const table::Snapshot& latest) { EXPECT_EQ(ReadColumn(latest, "a").size(), latest.version() == 1 ? 6u : 3u); });
}

}  // namespace
}  // namespace eider::mutate
