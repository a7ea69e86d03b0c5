#include "eider/mutate/delete.h"

#include <gtest/gtest.h>

#include <thread>

#include "eider/mutate/columns.h"
#include "eider/mutate/write.h"
#include "eider/testing/every_failure.h"
#include "eider/testing/faulty_store.h"
#include "eider/testing/int_columns.h"

namespace eider::mutate {
namespace {

using testing::ErrorOf;
using testing::Range;
using testing::Stream;
using testing::Values;

/// a: 0, 1, 2... in files of ten rows.
table::Snapshot TableToDelete(int64_t num_rows, WriteOptions options = {}) {
  options.max_rows_per_file = 10;
  return Create(io::MakeMemoryStore("delete_test"), *Stream({{"a", Range(0, num_rows)}}), options);
}

Changed Delete(const table::Snapshot& read, const std::string& filter, const ChangeOptions& options = {}) {
  return DeleteRows(read, {.text = filter}, options, Session::Default());
}

Values ReadA(const table::Snapshot& snapshot) { return testing::ReadColumn(snapshot, "a"); }

Values Without(Values values, const std::function<bool(int64_t)>& gone) {
  std::erase_if(values, [&](const auto& value) { return gone(*value); });
  return values;
}

TEST(DeleteTest, MarksRowsAndLeavesDataFilesAlone) {
  const table::Snapshot before = TableToDelete(35);
  const Changed first = Delete(before, "a % 3 = 0");
  EXPECT_EQ(first.num_rows, 12u);
  EXPECT_EQ(first.snapshot.version(), 2u);
  EXPECT_EQ(ReadA(first.snapshot), Without(Range(0, 35), [](int64_t a) { return a % 3 == 0; }));
  const Changed second = Delete(first.snapshot, "a % 3 = 1");
  EXPECT_EQ(second.num_rows, 12u);
  EXPECT_EQ(ReadA(second.snapshot), Without(Range(0, 35), [](int64_t a) { return a % 3 != 2; }));
  EXPECT_EQ(second.snapshot.store->List("data").size(), 4u);
  EXPECT_EQ(ReadA(before), Range(0, 35)) << "earlier versions keep their rows";
  EXPECT_EQ(table::ReadTransaction(second.snapshot)->delete_().predicate(), "a % 3 = 1");
}

TEST(DeleteTest, RemovesFragmentsWithoutRowsAndNeverReusesTheirIds) {
  table::Snapshot snapshot = TableToDelete(25);
  snapshot = Delete(snapshot, "a IN (21, 22)").snapshot;
  snapshot = Delete(snapshot, "a >= 20").snapshot;
  ASSERT_EQ(snapshot.manifest->num_fragments(), 2u);
  snapshot = Append(snapshot, *Stream({{"a", {7}}}), {});
  EXPECT_EQ(snapshot.manifest->fragment(2).id(), 3u);
  const Changed all = DeleteAllRows(snapshot, {}, Session::Default());
  EXPECT_EQ(all.num_rows, 21u);
  EXPECT_EQ(all.snapshot.manifest->num_fragments(), 0u);
  EXPECT_EQ(all.snapshot.manifest->schema().fields.size(), 1u);
}

TEST(DeleteTest, NoRowMakesNoVersion) {
  const table::Snapshot snapshot = TableToDelete(5);
  const Changed none = Delete(snapshot, "a > 100 OR NULL");
  EXPECT_EQ(none.num_rows, 0u);
  EXPECT_EQ(none.snapshot.version(), 1u);
  EXPECT_EQ(table::LoadSnapshot(snapshot.store).version(), 1u);
}

TEST(DeleteTest, RefusesWhatIsNoConditionAndWritesNothing) {
  const table::Snapshot snapshot = TableToDelete(5);
  for (const char* text : {"", "a", "nosuch = 1", "a = ", "a / 0 = 1"}) {
    EXPECT_EQ(ErrorOf([&] { Delete(snapshot, text); }).kind(), ErrorKind::kInvalid) << text;
  }
  EXPECT_EQ(table::LoadSnapshot(snapshot.store).version(), 1u);
  EXPECT_TRUE(snapshot.store->List("_deletions").empty());
}

TEST(DeleteTest, GoesOnTopOfOtherFragmentsAndRunsAgainOnTheSame) {
  const table::Snapshot read = TableToDelete(20);
  Delete(read, "a = 3");
  Append(read, *Stream({{"a", {100}}}), {});
  EXPECT_EQ(Delete(read, "a = 15").snapshot.version(), 4u);
  EXPECT_EQ(Delete(read, "a = 5", {.conflict_retries = 0}).snapshot.version(), 5u) << "the rows of both go";
  const Changed again = Delete(read, "a = 3 OR a = 4");
  EXPECT_EQ(again.num_rows, 1u) << "3 is gone already";
  EXPECT_EQ(ReadA(again.snapshot), Without([] { Values all = Range(0, 20); all.emplace_back(100); return all; }(),
                                          [](int64_t a) { return a == 3 || a == 4 || a == 5 || a == 15; }));
  EXPECT_EQ(ErrorOf([&] { Delete(read, "a = 5", {.conflict_retries = 0}); }).kind(), ErrorKind::kRetryableConflict);
  EXPECT_EQ(ErrorOf([&] { Delete(read, "a = 5", {.retry_timeout = {}}); }).kind(), ErrorKind::kRetryableConflict);
  const table::Snapshot latest = table::LoadSnapshot(read.store);
  Overwrite(latest, *Stream({{"a", {1}}}), {});
  EXPECT_EQ(ErrorOf([&] { Delete(latest, "a = 6"); }).kind(), ErrorKind::kConflict);
}

TEST(DeleteTest, MergesWithWhatOthersDeleteInTheSameFragment) {
  const table::Snapshot read = TableToDelete(10);
  for (const char* filter : {"a < 3", "a IN (5, 6)", "a = 4"}) Delete(read, filter, {.conflict_retries = 0});
  const table::Snapshot latest = table::LoadSnapshot(read.store);
  EXPECT_EQ(ReadA(latest), (Values{3, 7, 8, 9}));
  EXPECT_EQ(read.store->List("_deletions").size(), 3u) << "files that were merged before the commit are gone";
  const table::TransactionProto made = *table::ReadTransaction(latest);
  EXPECT_EQ(made.read_version(), 1u);
  EXPECT_EQ(made.delete_().updated_fragments(0).deletion_file().num_deleted_rows(), 6u);
  const io::ReadableFilePtr file = read.store->Open("_transactions/" + latest.manifest->head().transaction_file());
  EXPECT_EQ(file->size(), made.SerializeAsString().size()) << "the file says what the version says";
  EXPECT_EQ(Delete(read, "a = 3 OR a > 6", {.conflict_retries = 0}).snapshot.manifest->num_fragments(), 0u) << "nothing is left of it";
}

TEST(DeleteTest, RowsOfAFragmentThatOthersRemovedOrRewroteAreLookedForAgain) {
  const table::Snapshot read = TableToDelete(20);
  Delete(read, "a < 10");
  EXPECT_EQ(ErrorOf([&] { Delete(read, "a = 5", {.conflict_retries = 0}); }).kind(), ErrorKind::kRetryableConflict);
  EXPECT_EQ(Delete(read, "a = 5 OR a = 15").num_rows, 1u);
  EXPECT_EQ(ErrorOf([&] { Delete(read, "a >= 10", {.conflict_retries = 0}); }).kind(), ErrorKind::kRetryableConflict)
      << "one of the rows that the removal of the fragment was meant for was gone";
  EXPECT_EQ(Delete(read, "a >= 10").snapshot.manifest->num_fragments(), 0u);
}

TEST(DeleteTest, KeepsColumnsThatOthersDropMeanwhileDropped) {
  const table::Snapshot created = Create(io::MakeMemoryStore("dropped"), *Stream({{"a", Range(0, 5)}}), {});
  const table::Snapshot read = AddColumns(created, *Stream({{"b", Range(0, 5)}}), {});
  DropColumns(read, {"b"}, {});
  const table::Snapshot deleted = Delete(read, "b = 2").snapshot;
  EXPECT_EQ(deleted.version(), 4u);
  EXPECT_EQ(deleted.manifest->fragment(0).num_files(), 1);
  EXPECT_EQ(ReadA(deleted), (Values{0, 1, 3, 4}));
}

TEST(DeleteTest, ManyWritersDeleteWithoutLosingADeletion) {
  const table::Snapshot created = TableToDelete(40);
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      for (int k = 0; k < 5; ++k) Delete(table::LoadSnapshot(created.store), fmt::format("a = {}", 8 * k + w), {.conflict_retries = 100});
    });
  }
  for (std::thread& writer : writers) writer.join();
  const table::Snapshot latest = table::LoadSnapshot(created.store);
  EXPECT_EQ(latest.version(), 21u);
  EXPECT_EQ(ReadA(latest), Without(Range(0, 40), [](int64_t a) { return a % 8 < 4; }));
}

/// Fails every store operation in turn: afterwards the table opens at its old or new version, and deletion files that no version
/// lists are gone unless the outcome is unknown.
TEST(DeleteTest, AFailedDeleteLeavesTheTableWhole) {
  testing::FailEveryOperation(
      [] { return TableToDelete(15); }, [](const table::Snapshot& read) { Delete(read, "a = 2 OR a = 12"); },
      [](const table::Snapshot& latest) {
        EXPECT_EQ(ReadA(latest).size(), latest.version() == 1 ? 15u : 13u);
      });
}

/// The same while another writer was faster in the same fragment.
TEST(DeleteTest, AFailedMergeOfDeletionsLeavesTheTableWhole) {
  testing::FailEveryOperation(
      [] {
        const table::Snapshot read = TableToDelete(10);
        Delete(read, "a = 7");
        return read;
      },
      [](const table::Snapshot& read) { Delete(read, "a = 2"); },
      [](const table::Snapshot& latest) { EXPECT_EQ(ReadA(latest).size(), latest.version() == 2 ? 9u : 8u); });
}

TEST(DeleteTest, RemovesDeletionFilesWhenTheTransactionIsNotSynced) {
  const auto faulty = std::make_shared<testing::FaultyStore>(io::MakeMemoryStore("unsynced"));
  const table::Snapshot created = Create(faulty, *Stream({{"a", Range(0, 5)}}), {});
  faulty->FailSync("_transactions");
  EXPECT_EQ(ErrorOf([&] { Delete(created, "a = 1"); }).kind(), ErrorKind::kIo);
  EXPECT_TRUE(faulty->List("_deletions").empty());
  faulty->FailSync("_versions");
  EXPECT_EQ(ErrorOf([&] { Delete(created, "a = 1"); }).kind(), ErrorKind::kCommitUnknown);
  EXPECT_EQ(ReadA(table::LoadSnapshot(faulty)), (Values{0, 2, 3, 4}));
}

}  // namespace
}  // namespace eider::mutate
