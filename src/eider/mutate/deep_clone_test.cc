#include "eider/mutate/deep_clone.h"

#include <gtest/gtest.h>

#include "eider/mutate/compact.h"
#include "eider/mutate/delete.h"
#include "eider/mutate/write.h"
#include "eider/table/cleanup.h"
#include "eider/table/refs.h"
#include "eider/testing/every_failure.h"
#include "eider/testing/int_columns.h"

namespace eider::mutate {
namespace {

using testing::ErrorOf;
using testing::Range;
using testing::ReadColumn;
using testing::Stream;
using testing::Values;

/// Twenty rows in files of ten, one of them deleted.
table::Snapshot TableToClone() {
  static int count = 0;
  WriteOptions options;
  options.max_rows_per_file = 10;
  const io::ObjectStorePtr store = io::OpenStore(fmt::format("memory://clone_test_{}", count++));
  return DeleteRows(Create(store, *Stream({{"a", Range(0, 20)}}), options), {.text = "a = 3"}, {}, Session::Default()).snapshot;
}

io::ObjectStorePtr Beside(const table::Snapshot& source) { return io::OpenStore(source.store->root() + "_copy"); }

Values Live() {
  Values values = Range(0, 20);
  std::erase_if(values, [](const auto& value) { return value == 3; });
  return values;
}

TEST(DeepCloneTest, HasItsOwnFilesOfTheTableAndOfWhatItWasClonedFrom) {
  const table::Snapshot source = TableToClone();
  const table::Snapshot shallow = table::CommitClone(io::OpenStore(source.store->root() + "_shallow"), source, {});
  EXPECT_EQ(ReadColumn(shallow, "a"), Live());
  const table::Snapshot more = Append(shallow, *Stream({{"a", {100}}}), {});
  const table::Snapshot deep = DeepClone(more, Beside(source), true);
  for (const io::ObjectStorePtr& store : {source.store, shallow.store}) {
    for (const char* folder : {"data", "_deletions"}) {
      for (const io::FileInfo& file : store->List(folder)) store->Delete(file.path);
    }
  }
  Values expected = Live();
  expected.emplace_back(100);
  EXPECT_EQ(ReadColumn(deep, "a"), expected);
  EXPECT_EQ(deep.version(), more.version());
  EXPECT_EQ(deep.store->List("data").size(), 3u);
  EXPECT_EQ(ErrorOf([&] { DeepClone(more, deep.store, true); }).kind(), ErrorKind::kAlreadyExists);
}

TEST(DeepCloneTest, LeavesNothingBehindWhereItFailed) {
  const table::Snapshot source = TableToClone();
  const std::string lost = "data/" + source.manifest->fragment(1).file(0).path();
  source.store->Delete(lost);
  EXPECT_EQ(ErrorOf([&] { DeepClone(source, Beside(source), true); }).kind(), ErrorKind::kNotFound);
  EXPECT_TRUE(Beside(source)->List("data").empty());
  EXPECT_FALSE(table::TableExists(*Beside(source)));
}

TEST(DeepCloneTest, EveryFailureLeavesTheSourceAloneAndACloneWholeOrNotThere) {
  testing::FailEveryOperation(
      TableToClone,
      [](const table::Snapshot& read) {
        DeepClone(read, Beside(read), true);
      },
      [](const table::Snapshot& latest) {
        EXPECT_EQ(ReadColumn(latest, "a"), Live());
        if (table::TableExists(*Beside(latest))) EXPECT_EQ(ReadColumn(table::LoadSnapshot(Beside(latest)), "a"), Live());
        else EXPECT_TRUE(Beside(latest)->List("data").empty());
      });
}

TEST(DeepCloneTest, EveryFailureOfTheTargetLeavesItWholeOrNotThere) {
  for (const bool after : {false, true}) {
    for (int n = 0;; ++n) {
      SCOPED_TRACE(fmt::format("operation {} {}", n, after ? "loses its answer" : "is refused"));
      const table::Snapshot source = TableToClone();
      const auto target = std::make_shared<testing::FaultyStore>(Beside(source));
      target->FailAt(n, after);
      try {
        DeepClone(source, target, true);
      } catch (const Error&) {
      }
      if (table::TableExists(*Beside(source))) EXPECT_EQ(ReadColumn(table::LoadSnapshot(Beside(source)), "a"), Live());
      if (!target->fired()) break;
      ASSERT_LT(n, 100);
    }
  }
}

TEST(BranchTest, RowsAreDeletedCompactedAndCleanedUpOnBranchesApart) {
  const table::Snapshot source = TableToClone();
  table::Snapshot branch = table::CreateBranch(source.store, "dev", source, true);
  branch = DeleteRows(branch, {.text = "a < 3"}, {}, Session::Default()).snapshot;
  branch = Append(branch, *Stream({{"a", {50}}}), {});
  Values expected = Range(4, 20);
  expected.emplace_back(50);
  EXPECT_EQ(ReadColumn(branch, "a"), expected);
  branch = CompactFiles(branch, {.target_rows_per_fragment = 1000}, Session::Default()).snapshot;
  EXPECT_EQ(ReadColumn(branch, "a"), expected);
  EXPECT_EQ(ReadColumn(table::LoadSnapshot(source.store), "a"), Live());
  const CleanupOptions all{.older_than = std::chrono::nanoseconds(0), .delete_unverified = true};
  table::Cleanup(branch, all);
  table::Cleanup(table::LoadSnapshot(source.store), all);
  EXPECT_EQ(ReadColumn(table::LoadSnapshot(branch.store), "a"), expected);
  EXPECT_EQ(ReadColumn(table::LoadSnapshot(source.store), "a"), Live());
  EXPECT_EQ(branch.store->List("data").size(), 1u);
}

}  // namespace
}  // namespace eider::mutate
