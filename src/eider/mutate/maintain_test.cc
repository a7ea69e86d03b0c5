#include "eider/mutate/maintain.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "eider/mutate/columns.h"
#include "eider/mutate/metadata.h"
#include "eider/mutate/write.h"
#include "eider/table/commit.h"
#include "eider/table/refs.h"
#include "eider/testing/int_columns.h"

namespace eider::mutate {
namespace {

using testing::Range;
using testing::ReadColumn;
using testing::Stream;
using testing::Values;

table::Snapshot MaintainedTable(const char* state = "on") {
  WriteOptions options;
  options.config = {{"eider.maintenance", state}};
  return Create(io::MakeMemoryStore("maintain_test"), *Stream({{"a", {0}}}), options);
}

const std::shared_ptr<Session>& TestSession() { return Session::Default(); }

/// Appends one row, as the facade does it.
table::Snapshot AppendRow(const table::Snapshot& read, int64_t value, const MaintenanceOptions& options = {.sync = false}) {
  WriteOptions write;
  write.durability = Durability::kNone;
  const table::Snapshot committed = Append(read, *Stream({{"a", {value}}}), write);
  Maintain(committed, options, TestSession());
  return committed;
}

Values SortedRows(const table::Snapshot& snapshot) {
  Values rows = ReadColumn(snapshot, "a");
  std::sort(rows.begin(), rows.end());
  return rows;
}

TEST(MaintainTest, OffByDefault) {
  table::Snapshot snapshot = Create(io::MakeMemoryStore("maintain_test"), *Stream({{"a", {0}}}), {});
  for (int64_t i = 1; i < 80; ++i) snapshot = AppendRow(snapshot, i);
  EXPECT_EQ(table::LoadSnapshot(snapshot.store).manifest->num_fragments(), 80u);
  EXPECT_EQ(table::LoadSnapshot(snapshot.store).version(), 80u);
}

TEST(MaintainTest, FragmentsStayFewAndRowsAreMovedALogarithmOfTimes) {
  table::Snapshot snapshot = MaintainedTable();
  uint64_t moved = 0, seen = 0;
  for (int64_t i = 1; i < 2000; ++i) {
    snapshot = AppendRow(snapshot, i);
    const table::Snapshot latest = table::LoadSnapshot(snapshot.store);
    ASSERT_LE(latest.manifest->num_fragments(), 110u);
    for (; seen < latest.version(); ++seen) {
      const auto made = table::ReadTransaction(table::LoadSnapshot(snapshot.store, seen + 1));
      for (const auto& group : made->rewrite().groups()) {
        for (const auto& fragment : group.new_fragments()) moved += fragment.physical_rows();
      }
    }
  }
  EXPECT_LE(moved, 3 * 2000u);
  EXPECT_GT(moved, 1000u);
  EXPECT_EQ(SortedRows(table::LoadSnapshot(snapshot.store)), Range(0, 2000));
}

TEST(MaintainTest, SeveralWritersDoNotGetIntoEachOthersWay) {
  const table::Snapshot created = MaintainedTable();
  std::vector<std::thread> writers;
  for (int64_t w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      table::Snapshot snapshot = created;
      for (int64_t i = 0; i < 150; ++i) {
        snapshot = AppendRow(snapshot, 1 + w * 150 + i);
        EXPECT_LE(snapshot.manifest->num_fragments(), 300u);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  const table::Snapshot latest = table::LoadSnapshot(created.store);
  EXPECT_LE(latest.manifest->num_fragments(), 150u);
  EXPECT_EQ(SortedRows(latest), Range(0, 601));
}

TEST(MaintainTest, OldVersionsGoButTheNewestAndTaggedOnesStay) {
  table::Snapshot snapshot = MaintainedTable();
  snapshot = UpdateConfig(snapshot, {.config = MapUpdate{.entries = {{"eider.maintenance.retain_versions", "20"}}}}, {});
  for (int64_t i = 1; i < 200; ++i) snapshot = AppendRow(snapshot, i);
  table::CreateTag(*snapshot.store, "keep", table::LoadSnapshot(snapshot.store, 50), false);
  const io::ObjectStorePtr store = snapshot.store;
  EXPECT_GE(table::ListVersions(*store).versions.size(), 200u) << "all are young";
  const auto later = [](int days) {
    const auto now = std::chrono::system_clock::now() + std::chrono::hours(24 * days);
    return [now] { return std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count(); };
  };
  for (int64_t i = 200; i < 240; ++i) snapshot = AppendRow(snapshot, i, {.sync = false, .clock = later(13)});
  EXPECT_GE(table::ListVersions(*store).versions.size(), 240u) << "none is 14 days old";
  for (int64_t i = 240; i < 280; ++i) snapshot = AppendRow(snapshot, i, {.sync = false, .clock = later(15)});
  const std::vector<table::VersionEntry> left = table::ListVersions(*store).versions;
  EXPECT_LE(left.size(), 20u + 1 + 40);
  EXPECT_GE(left.size(), 21u);
  EXPECT_EQ(left[0].version, 50u);
  EXPECT_EQ(SortedRows(table::LoadSnapshot(store, 50)).size(), 48u);
  EXPECT_EQ(SortedRows(table::LoadSnapshot(store)), Range(0, 280));
}

TEST(MaintainTest, FilesOfAFragmentAreMerged) {
  table::Snapshot snapshot = MaintainedTable();
  for (int i = 0; i < 40; ++i) {
    snapshot = AddColumns(snapshot, *Stream({{fmt::format("c{}", i), {i}}}), {});
    Maintain(snapshot, {.sync = false}, TestSession());
    snapshot = table::LoadSnapshot(snapshot.store);
    EXPECT_LE(snapshot.manifest->fragment(0).num_files(), 26);
  }
  EXPECT_EQ(ReadColumn(snapshot, "c7"), (Values{7}));
}

TEST(MaintainTest, OthersWaitForAClaimUntilTooManyFragmentsDo) {
  table::Snapshot snapshot = MaintainedTable();
  for (int64_t i = 1; i < 60; ++i) snapshot = Append(snapshot, *Stream({{"a", {i}}}), {});
  const std::string owner = "somebody";
  snapshot.store->Put("_eider/maintenance.claim", SpanOf(owner), false);
  for (int64_t i = 60; i < 70; ++i) snapshot = AppendRow(snapshot, i);
  EXPECT_EQ(table::LoadSnapshot(snapshot.store).manifest->num_fragments(), 70u) << "somebody is at it";
  for (int64_t i = 70; i < 120; ++i) snapshot = AppendRow(snapshot, i);
  EXPECT_LE(table::LoadSnapshot(snapshot.store).manifest->num_fragments(), 60u) << "too many wait";
}

TEST(MaintainTest, ConfigThatIsNotUnderstoodTurnsItOff) {
  table::Snapshot snapshot = MaintainedTable("yes");
  for (int64_t i = 1; i < 80; ++i) snapshot = AppendRow(snapshot, i);
  EXPECT_EQ(snapshot.manifest->num_fragments(), 80u);
}

}  // namespace
}  // namespace eider::mutate
