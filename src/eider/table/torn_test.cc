#include "eider/table/torn.h"

#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/table/commit.h"
#include "eider/testing/scripted_store.h"

namespace eider::table {
namespace {

using testing::Fate;

constexpr TornRepair kAtOnce{.min_age = std::chrono::nanoseconds::min()};

DataFragmentProto RowsOfTornTest(io::ObjectStore& store) {
  DataFragmentProto fragment;
  fragment.set_physical_rows(1);
  DataFileProto* file = fragment.add_files();
  file->set_path(NewDataFileName());
  file->add_fields(0);
  file->add_column_indices(0);
  store.Put("data/" + file->path(), SpanOf("rows"), false);
  return fragment;
}

/// Version 1, of one fragment.
io::ObjectStorePtr TableToTear() {
  const io::ObjectStorePtr store = io::MakeMemoryStore("torn");
  TransactionProto first = NewTransaction(0);
  auto* field = first.mutable_overwrite()->add_schema();
  field->set_name("a");
  field->set_parent_id(-1);
  field->set_logical_type("int64");
  *first.mutable_overwrite()->add_fragments() = RowsOfTornTest(*store);
  CreateTable(store, first, {});
  return store;
}

VersionEntry TearNext(io::ObjectStore& store) {
  const VersionListing listing = ListVersions(store);
  const uint64_t version = NextNumber(listing);
  const std::string path = ManifestPath(version, listing.naming);
  store.Put(path, SpanOf("torn"), false);
  return {version, path};
}

Snapshot AppendTo(const Snapshot& read) {
  TransactionProto transaction = NewTransaction(read.version());
  *transaction.mutable_append()->add_fragments() = RowsOfTornTest(*read.store);
  return Commit(read, transaction);
}

io::ObjectStorePtr Scripted(const io::ObjectStorePtr& store, std::function<Fate()> script) {
  return std::make_shared<testing::ScriptedStore>(store, "process", std::move(script));
}

/// At the operation number `at` of a writer's commit, `meanwhile` happens. Returns false when it has fewer.
bool CommitBeside(const io::ObjectStorePtr& store, int at, const std::function<void()>& meanwhile) {
  int operations = 0;
  bool is_armed = false, happened = false;
  Snapshot read = LoadSnapshot(store);
  read.store = Scripted(store, [&] {
    if (is_armed && operations++ == at) {
      happened = true;
      meanwhile();
    }
    return Fate::kGoesOn;
  });
  TransactionProto transaction = NewTransaction(read.version());
  *transaction.mutable_append()->add_fragments() = RowsOfTornTest(*store);
  is_armed = true;
  Commit(read, transaction);
  return happened;
}

TEST(TornTest, ARepairCostsNoCommitWheneverItComes) {
  int tried = 0;
  for (const bool is_torn_before : {true, false}) {
    for (int at = 0;; ++at, ++tried) {
      const io::ObjectStorePtr store = TableToTear();
      std::optional<VersionEntry> torn;
      if (is_torn_before) torn = TearNext(*store);
      const bool happened = CommitBeside(store, at, [&] {
        if (!torn) torn = TearNext(*store);
        EXPECT_EQ(RepairTorn(store, *torn, kAtOnce), "");
        AppendTo(LoadSnapshot(store));
      });
      if (!happened) break;
      const Snapshot latest = LoadSnapshot(store);
      EXPECT_EQ(latest.manifest->num_fragments(), 3u) << "torn before: " << is_torn_before << ", at operation " << at;
      EXPECT_TRUE(latest.torn.empty());
      for (const VersionEntry& entry : ListVersions(*store).versions) EXPECT_FALSE(IsTorn(*store, entry)) << entry.version;
      EXPECT_TRUE(store->Exists(TornCopyPath(*torn)));
    }
  }
  EXPECT_GT(tried, 10);
}

TEST(TornTest, WhatASlowWriterFinishesMeanwhileStays) {
  int operations_of_all = 0;
  {
    const io::ObjectStorePtr store = TableToTear();
    const VersionEntry torn = TearNext(*store);
    RepairTorn(Scripted(store, [&] { return ++operations_of_all, Fate::kGoesOn; }), torn, kAtOnce);
  }
  ASSERT_GT(operations_of_all, 8);
  // The last two put the version in its place, and sync.
  for (int at = 0; at < operations_of_all - 2; ++at) {
    const io::ObjectStorePtr store = TableToTear();
    const Snapshot whole = AppendTo(LoadSnapshot(store));
    const VersionEntry entry{whole.version(), whole.manifest_path};
    const io::ReadableFilePtr file = store->Open(entry.path);
    const Buffer bytes = file->Read({0, file->size()});
    const std::string manifest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    store->Put(entry.path, SpanOf(manifest).first(100), false);
    int operations = 0;
    const io::ObjectStorePtr slow = Scripted(store, [&] {
      if (operations++ == at) store->Put(entry.path, SpanOf(manifest), false);
      return Fate::kGoesOn;
    });
    EXPECT_NE(RepairTorn(slow, entry, kAtOnce), "") << "at operation " << at;
    EXPECT_EQ(LoadSnapshot(store, entry.version).manifest->num_fragments(), 2u) << "at operation " << at;
  }
}

TEST(TornTest, AYoungOneIsLeftAlone) {
  const io::ObjectStorePtr store = TableToTear();
  const VersionEntry torn = TearNext(*store);
  const int64_t made = store->List("_versions").front().modified_ns;
  const auto after = [&](std::chrono::seconds age) { return TornRepair{.now_ns = made + std::chrono::nanoseconds(age).count()}; };
  EXPECT_NE(RepairTorn(store, torn, after(std::chrono::seconds(500))).find("its writer may be at work"), std::string::npos);
  EXPECT_FALSE(store->Exists(TornCopyPath(torn)));
  TornRepair look = after(std::chrono::seconds(700));
  look.only_look = true;
  EXPECT_EQ(RepairTorn(store, torn, look), "");
  EXPECT_TRUE(IsTorn(*store, torn));
  EXPECT_EQ(RepairTorn(store, torn, after(std::chrono::seconds(700))), "");
  const Snapshot repaired = LoadSnapshot(store);
  EXPECT_EQ(repaired.version(), torn.version);
  EXPECT_EQ(repaired.manifest->timestamp_ns(), LoadSnapshot(store, 1).manifest->timestamp_ns());
  EXPECT_EQ(RepairTorn(store, torn, after(std::chrono::seconds(700))), "it is whole");
}

TEST(TornTest, WithoutAWholeVersionBeforeItIsTheOneAfterAndWithoutAnyItStays) {
  const io::ObjectStorePtr store = io::MakeMemoryStore("torn first");
  const VersionEntry torn = TearNext(*store);
  EXPECT_NE(RepairTorn(store, torn, kAtOnce), "");
  EXPECT_TRUE(IsTorn(*store, torn));
  TransactionProto first = NewTransaction(0);
  first.mutable_overwrite()->add_schema()->set_name("a");
  first.mutable_overwrite()->mutable_schema(0)->set_logical_type("int64");
  first.mutable_overwrite()->mutable_schema(0)->set_parent_id(-1);
  EXPECT_EQ(CreateTable(store, first, {}).version(), 2u);
  EXPECT_EQ(RepairTorn(store, torn, kAtOnce), "");
  EXPECT_EQ(LoadSnapshot(store, 1).manifest->schema().Names(), LoadSnapshot(store, 2).manifest->schema().Names());
}

}  // namespace
}  // namespace eider::table
