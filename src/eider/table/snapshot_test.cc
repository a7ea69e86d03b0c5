#include "eider/table/snapshot.h"

#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/base/file_sum.h"
#include "eider/table/drop.h"
#include "eider/table/migrate.h"

namespace eider::table {
namespace {


std::string ManifestFile(uint64_t version) {
  ManifestDraft draft;
  draft.head.set_version(version);
  return SerializeManifest(draft);
}

io::ObjectStorePtr StoreWith(const std::vector<uint64_t>& versions, Naming naming) {
  io::ObjectStorePtr store = io::MakeMemoryStore("snapshot_test");
  for (const uint64_t version : versions) store->Put(ManifestPath(version, naming), SpanOf(ManifestFile(version)), false);
  return store;
}

std::string MessageOf(ErrorKind kind, const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_STREQ(ErrorKindName(error.kind()), ErrorKindName(kind)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(SnapshotTest, NamesManifestsInBothWays) {
  EXPECT_EQ(ManifestPath(7, Naming::kV1), "_versions/7.manifest");
  EXPECT_EQ(ManifestPath(7, Naming::kV2), "_versions/18446744073709551608.manifest");
  EXPECT_EQ(ManifestPath((uint64_t{1} << 63) + 1, Naming::kV2), "_versions/d9223372036854775809.manifest");
}

TEST(SnapshotTest, FindsTheLatestVersionInBothNamingsAndIgnoresEverythingElse) {
  for (const Naming naming : {Naming::kV1, Naming::kV2}) {
    const io::ObjectStorePtr store = StoreWith({1, 2, 9, 10}, naming);
    for (const char* name : {"latest_version_hint.json", ".tmp.manifest", "12.manifest-1", "x.manifest", "d9223372036854775809.manifest"}) {
      store->Put(std::string("_versions/") + name, SpanOf("{\"version\":99}"), false);
    }
    EXPECT_EQ(LoadSnapshot(store).version(), 10u);
    EXPECT_EQ(LatestVersion(*store), 10u);
    EXPECT_EQ(LoadSnapshot(store, 9).version(), 9u);
    EXPECT_EQ(ListVersions(*store).naming, naming);
    const std::string message = MessageOf(ErrorKind::kNotFound, [&] { LoadSnapshot(store, 3); });
    EXPECT_NE(message.find("1 to 10"), std::string::npos) << message;
  }
}

TEST(SnapshotTest, RefusesMixedNamings) {
  const io::ObjectStorePtr store = StoreWith({1}, Naming::kV1);
  store->Put(ManifestPath(2, Naming::kV2), SpanOf(ManifestFile(2)), false);
  const std::string message = MessageOf(ErrorKind::kInvalid, [&] { LoadSnapshot(store); });
  EXPECT_NE(message.find("migrate_manifest_paths_v2"), std::string::npos);
  EXPECT_EQ(LoadSnapshot(store, 1).version(), 1u);
  EXPECT_EQ(LoadSnapshot(store, 2).version(), 2u);
  MessageOf(ErrorKind::kInvalid, [&] { LoadSnapshot(store, 3); });
  EXPECT_EQ(MigrateManifestPaths(*store), 1u);
  EXPECT_EQ(LoadSnapshot(store).version(), 2u);
}

TEST(SnapshotTest, ManifestsAreMigratedOnce) {
  const io::ObjectStorePtr store = StoreWith({1, 2, 9, 10}, Naming::kV1);
  store->Put("_versions/latest_version_hint.json", SpanOf("{}"), false);
  store->Put("_versions/d9223372036854775809.manifest", SpanOf("detached"), false);
  EXPECT_EQ(MigrateManifestPaths(*store), 4u);
  EXPECT_EQ(MigrateManifestPaths(*store), 0u);
  EXPECT_EQ(ListVersions(*store).naming, Naming::kV2);
  EXPECT_EQ(LoadSnapshot(store).version(), 10u);
  EXPECT_EQ(LoadSnapshot(store, 9).version(), 9u);
  EXPECT_EQ(store->List("_versions").size(), 6u);
  store->Put(ManifestPath(9, Naming::kV1), SpanOf(ManifestFile(9)), false);
  MessageOf(ErrorKind::kInvalid, [&] { MigrateManifestPaths(*store); });
}

TEST(SnapshotTest, OnlyATableIsDropped) {
  const io::ObjectStorePtr store = io::MakeMemoryStore("dropped");
  EXPECT_FALSE(DropTable(*store));
  store->Put("_versions/1.manifest", SpanOf("torn"), false);
  MessageOf(ErrorKind::kInvalid, [&] { DropTable(*store); });
  store->Put("_versions/2.manifest", SpanOf(ManifestFile(2)), false);
  store->Put("data/x.lance", SpanOf("x"), false);
  store->Put("notes.txt", SpanOf("x"), false);
  EXPECT_TRUE(DropTable(*store));
  EXPECT_TRUE(store->List("").empty() && store->ListFolders("").empty());
}

TEST(SnapshotTest, SaysWhereThereIsNoTable) {
  MessageOf(ErrorKind::kNotFound, [] { LoadSnapshot(io::MakeMemoryStore("nothing")); });
}

/// What crashes leave in the place of a manifest.
std::vector<std::string> TornManifests(uint64_t version) {
  const std::string whole = ManifestFile(version);
  return {"", std::string(whole.size(), '\0'), std::string(50'000, '\0'), std::string(512, '\0') + whole, whole.substr(0, 10),
          whole.substr(0, whole.size() - 1)};
}

/// What no crash leaves.
std::vector<std::string> DamagedManifests(uint64_t version) {
  const std::string whole = ManifestFile(version);
  std::string hole = whole, flipped = whole, magic = whole;
  std::fill(hole.begin() + kFileSumBytes + 4, hole.begin() + kFileSumBytes + 6, '\0');
  flipped[whole.size() / 2] ^= 1;
  magic.back() ^= 1;
  return {hole, flipped, magic, whole.substr(1), std::string(16, 'L') + "LANC"};
}

TEST(SnapshotTest, FallsBackToTheLastWholeVersionAndSaysSo) {
  for (const Naming naming : {Naming::kV1, Naming::kV2}) {
    for (const std::string& torn : TornManifests(4)) {
      const io::ObjectStorePtr store = StoreWith({1, 2}, naming);
      for (const uint64_t version : {3, 4}) store->Put(ManifestPath(version, naming), SpanOf(torn), false);
      const Snapshot snapshot = LoadSnapshot(store);
      EXPECT_EQ(snapshot.version(), 2u);
      EXPECT_EQ(snapshot.torn, (std::vector<uint64_t>{4, 3}));
      EXPECT_EQ(LatestVersion(*store), 2u);
      EXPECT_TRUE(TableExists(*store));
      EXPECT_EQ(NextNumber(ListVersions(*store)), 5u);
      const std::string message = MessageOf(ErrorKind::kCorrupt, [&] { LoadSnapshot(store, 4); });
      EXPECT_NE(message.find("newest usable version is 2"), std::string::npos) << message;
      EXPECT_TRUE(LoadSnapshot(store, 2).torn.empty());
    }
  }
}

TEST(SnapshotTest, ADamagedManifestIsNoTornOne) {
  for (const std::string& damaged : DamagedManifests(3)) {
    const io::ObjectStorePtr store = StoreWith({1, 2}, Naming::kV2);
    store->Put(ManifestPath(3, Naming::kV2), SpanOf(damaged), false);
    const std::string message = MessageOf(ErrorKind::kCorrupt, [&] { LoadSnapshot(store); });
    EXPECT_NE(message.find("newest usable version is 2"), std::string::npos) << message;
    EXPECT_TRUE(TableExists(*store));
    store->Delete(ManifestPath(1, Naming::kV2));
    store->Delete(ManifestPath(2, Naming::kV2));
    EXPECT_TRUE(TableExists(*store)) << "a table would be made in its place";
  }
}

TEST(SnapshotTest, WithoutAWholeVersionThereIsNothingToFallBackTo) {
  const io::ObjectStorePtr store = io::MakeMemoryStore("snapshot_test");
  for (const uint64_t version : {1, 2}) store->Put(ManifestPath(version, Naming::kV2), SpanOf(""), false);
  EXPECT_FALSE(TableExists(*store));
  const std::string message = MessageOf(ErrorKind::kCorrupt, [&] { LoadSnapshot(store); });
  EXPECT_NE(message.find("versions 1 to 2 are torn"), std::string::npos) << message;
}

TEST(SnapshotTest, AManifestThatIsWholeIsNeverPassedOver) {
  const io::ObjectStorePtr store = StoreWith({1, 2}, Naming::kV2);
  store->Put(ManifestPath(4, Naming::kV2), SpanOf(ManifestFile(3)), false);
  const std::string message = MessageOf(ErrorKind::kCorrupt, [&] { LoadSnapshot(store); });
  EXPECT_NE(message.find("holds version 3"), std::string::npos) << message;
  EXPECT_NE(message.find("newest usable version is 2"), std::string::npos) << message;
  ManifestDraft draft;
  draft.head.set_version(4);
  draft.head.set_reader_feature_flags(1 << 20);
  store->Put(ManifestPath(4, Naming::kV2), SpanOf(SerializeManifest(draft)), false);
  EXPECT_NE(MessageOf(ErrorKind::kUnsupported, [&] { LoadSnapshot(store); }).find("1048576"), std::string::npos);
}

TEST(SnapshotTest, ReadsDeletionBitmapsAndHoldsThemAgainstTheManifest) {
  DataFragmentProto proto;
  proto.set_id(2);
  proto.set_physical_rows(100);
  auto* file = proto.mutable_deletion_file();
  file->set_file_type(::lance::table::DELETION_FILE_TYPE_BITMAP);
  file->set_read_version(4);
  file->set_id(77);
  file->set_num_deleted_rows(3);
  const Snapshot snapshot{.store = StoreWith({1}, Naming::kV2)};
  EXPECT_THROW(ReadDeletions(snapshot, Fragment(proto), 100), Error);
  const auto vector = rows::DeletionVector::FromOffsets({5, 6, 99}, 100);
  snapshot.store->Put("_deletions/2-4-77.bin", SpanOf(vector->ToRoaring()), false);
  EXPECT_EQ(ReadDeletions(snapshot, Fragment(proto), 100)->Offsets(), (std::vector<uint32_t>{5, 6, 99}));
  file->set_num_deleted_rows(4);
  EXPECT_THROW(ReadDeletions(snapshot, Fragment(proto), 100), Error);
}

TEST(SnapshotTest, RefusesNamesThatLeaveTheirFolder) {
  const Snapshot snapshot = LoadSnapshot(StoreWith({1}, Naming::kV2));
  for (const char* name : {"../../etc/passwd", "a/../../b.lance", "/etc/passwd", ""}) {
    DataFileProto file;
    file.set_path(name);
    try {
      LocateDataFile(snapshot, file);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt) << error.what();
    }
  }
}

struct Golden {
  const char* path;
  uint64_t version;
  const char* storage_version;
  size_t num_fragments;
};

TEST(SnapshotTest, ReadsTheManifestsOfOldReleases) {
  const char* source = std::getenv("EIDER_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "EIDER_SOURCE_DIR is not set";
  const Golden goldens[] = {
      {"v0.5.9/no_fragments", 1, "0.1", 0},
      {"v0.5.9/dataset_with_fragments", 3, "0.1", 3},
      {"v0.7.5/with_deletions", 2, "0.1", 1},
      {"v0.8.0/migrated_from_v0.7.5", 3, "0.1", 2},
      {"v0.10.5/corrupt_schema", 6, "0.1", 2},
      {"v0.15.0/v1_no_files.lance", 1, "0.1", 0},
      {"v0.15.0/v1_with_files.lance", 1, "0.1", 1},
      {"v0.15.0/v2_no_files.lance", 1, "2.0", 0},
      {"v0.15.0/v2_with_files.lance", 1, "2.0", 1},
      {"v0.27.1/pq_in_schema", 2, "2.0", 1},
      {"python_historical/0.13.0_string_encoding.lance", 1, "2.0", 1},
  };
  for (const Golden& golden : goldens) {
    SCOPED_TRACE(golden.path);
    const auto store = io::OpenStore(std::string(source) + "/tests/golden/lance-historical/" + golden.path);
    const Snapshot snapshot = LoadSnapshot(store);
    EXPECT_EQ(snapshot.version(), golden.version);
    EXPECT_EQ(snapshot.naming, Naming::kV1);
    EXPECT_EQ(snapshot.manifest->data_storage_version(), golden.storage_version);
    ASSERT_EQ(snapshot.manifest->num_fragments(), golden.num_fragments);
    for (size_t i = 0; i < golden.num_fragments; ++i) snapshot.manifest->fragment(i);
    ToArrowSchema(snapshot.manifest->schema());
    EXPECT_GT(snapshot.manifest->timestamp_ns(), 0);
  }
}

}  // namespace
}  // namespace eider::table
