#include "eider/table/refs.h"

#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/table/commit.h"
#include "eider/table/commit_samples.h"
#include "eider/testing/every_failure.h"

namespace eider::table {
namespace {

using samples::KindOf;

TransactionProto Rows(uint64_t read_version, bool overwrite = false) {
  TransactionProto transaction = NewTransaction(read_version);
  DataFragmentProto fragment;
  fragment.set_physical_rows(5);
  DataFileProto* file = fragment.add_files();
  file->set_path(NewDataFileName());
  file->add_fields(0);
  file->add_column_indices(0);
  if (!overwrite) {
    *transaction.mutable_append()->add_fragments() = fragment;
    return transaction;
  }
  auto* field = transaction.mutable_overwrite()->add_schema();
  field->set_name("a");
  field->set_parent_id(-1);
  field->set_logical_type("int64");
  field->set_nullable(true);
  *transaction.mutable_overwrite()->add_fragments() = fragment;
  return transaction;
}

/// A table of three versions.
Snapshot MakeVersions(const io::ObjectStorePtr& store) {
  const Snapshot first = CreateTable(store, Rows(0, true), {});
  return Commit(Commit(first, Rows(1)), Rows(2));
}

Snapshot FreshTable() {
  static int count = 0;
  return MakeVersions(io::OpenStore(fmt::format("memory://refs_{}", count++)));
}

TEST(RefsTest, TagsNameVersionsUntilTheyAreMovedOrDeleted) {
  const Snapshot latest = FreshTable();
  io::ObjectStore& store = *latest.store;
  CreateTag(store, "v", LoadSnapshot(latest.store, 1), true);
  EXPECT_EQ(KindOf([&] { CreateTag(store, "v", latest, true); }), ErrorKind::kAlreadyExists);
  EXPECT_EQ(KindOf([&] { CreateTag(store, "a b", latest, true); }), ErrorKind::kInvalid);
  EXPECT_EQ(Resolve(latest, "v").version(), 1u);
  const int64_t created = *ReadTag(store, "v").info.created_ns;
  SetTagMetadata(store, "v", {{"k", "w"}}, true);
  MoveTag(store, "v", latest, true);
  const TagInfo moved = ReadTag(store, "v").info;
  EXPECT_EQ(moved.version, 3u);
  EXPECT_EQ(moved.created_ns, created);
  EXPECT_GT(*moved.updated_ns, created);
  EXPECT_EQ(moved.metadata.at("k"), "w");
  EXPECT_EQ(moved.manifest_bytes, latest.manifest->size_bytes());
  EXPECT_EQ(ListTags(store).size(), 1u);
  DeleteTag(store, "v", true);
  EXPECT_TRUE(ListTags(store).empty());
  EXPECT_EQ(KindOf([&] { DeleteTag(store, "v", true); }), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf([&] { MoveTag(store, "v", latest, true); }), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf([&] { Resolve(latest, "v"); }), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf([&] { Resolve(latest, "../../x"); }), ErrorKind::kNotFound);
}

TEST(RefsTest, ADamagedTagIsNamed) {
  const Snapshot latest = FreshTable();
  latest.store->Put("_refs/tags/bad.json", SpanOf("{"), false);
  latest.store->Put("_refs/tags/other.txt", SpanOf("{"), false);
  try {
    ListTags(*latest.store);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    EXPECT_NE(std::string(error.what()).find("_refs/tags/bad.json"), std::string::npos);
  }
}

TEST(RefsTest, ABranchGoesOnFromItsVersionAndReadsFilesOfTheTable) {
  const Snapshot latest = FreshTable();
  const Snapshot branch = CreateBranch(latest.store, "feature/x", LoadSnapshot(latest.store, 2), true);
  EXPECT_EQ(branch.version(), 2u);
  EXPECT_EQ(BranchOf(branch), "feature/x");
  EXPECT_EQ(TableStore(branch)->root(), latest.store->root());
  EXPECT_EQ(TableStore(LoadSnapshot(io::OpenStore(branch.store->root())))->root(), latest.store->root());
  ASSERT_EQ(branch.manifest->num_fragments(), 2u);
  const FileLocation shared = LocateDataFile(branch, branch.manifest->fragment(0).file(0));
  EXPECT_EQ(shared.store->root() + "/" + shared.path, latest.store->root() + "/data/" + branch.manifest->fragment(0).file(0).path());
  const Snapshot appended = Commit(branch, Rows(2));
  EXPECT_EQ(appended.version(), 3u);
  EXPECT_FALSE(appended.manifest->fragment(2).file(0).has_base_id());
  EXPECT_EQ(LoadSnapshot(latest.store).manifest->num_fragments(), 3u);
  EXPECT_EQ(Resolve(latest, BranchVersion{"feature/x", {}}).manifest->num_fragments(), 3u);
  EXPECT_EQ(Resolve(appended, BranchVersion{"main", 1}).manifest->num_fragments(), 1u);
  EXPECT_EQ(Resolve(appended, uint64_t{2}).store->root(), branch.store->root());

  const Snapshot inner = CreateBranch(latest.store, "y", appended, true);
  EXPECT_EQ(inner.manifest->head().base_paths_size(), 2);
  EXPECT_EQ(inner.manifest->fragment(0).file(0).base_id(), 0u);
  EXPECT_EQ(inner.manifest->fragment(2).file(0).base_id(), 1u);
  EXPECT_EQ(inner.manifest->head().base_paths(1).name(), "feature/x");
  const BranchInfo info = ReadBranch(*latest.store, "y").info;
  EXPECT_EQ(info.parent, "feature/x");
  ASSERT_EQ(info.lineage.size(), 2u);
  EXPECT_EQ(info.lineage[0], ReadBranch(*latest.store, "feature/x").info.lineage[0]);
  EXPECT_EQ(info.lineage[1].second.size(), 32u);
}

TEST(RefsTest, TagsOfABranchAreOfTheWholeTable) {
  const Snapshot latest = FreshTable();
  const Snapshot branch = Commit(CreateBranch(latest.store, "dev", latest, true), Rows(3));
  CreateTag(*TableStore(branch), "t", branch, true);
  EXPECT_EQ(ReadTag(*latest.store, "t").info.branch, "dev");
  EXPECT_EQ(BranchOf(Resolve(latest, "t")), "dev");
  EXPECT_EQ(Resolve(latest, "t").version(), 4u);
}

TEST(RefsTest, ABranchIsDeletedWhenNothingNamesIt) {
  const Snapshot latest = FreshTable();
  const io::ObjectStorePtr& store = latest.store;
  const Snapshot dev = CreateBranch(store, "dev", latest, true);
  const Snapshot inner = CreateBranch(store, "dev/inner", dev, true);
  const Snapshot beside = CreateBranch(store, "development", latest, true);
  CreateTag(*store, "t", dev, true);
  EXPECT_EQ(KindOf([&] { DeleteBranch(store, "dev", true); }), ErrorKind::kConflict);
  DeleteBranch(store, "dev/inner", true);
  EXPECT_FALSE(TableExists(*inner.store));
  EXPECT_EQ(KindOf([&] { DeleteBranch(store, "dev", true); }), ErrorKind::kConflict);
  DeleteTag(*store, "t", true);
  CreateBranch(store, "dev/other", latest, true);
  DeleteBranch(store, "dev", true);
  EXPECT_FALSE(TableExists(*dev.store));
  EXPECT_EQ(Resolve(latest, BranchVersion{"dev/other", {}}).version(), 3u);
  EXPECT_EQ(LoadSnapshot(beside.store).version(), 3u);
  EXPECT_EQ(KindOf([&] { DeleteBranch(store, "dev", true); }), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf([&] { Resolve(latest, BranchVersion{"dev", {}}); }), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf([&] { CreateBranch(store, "development", latest, true); }), ErrorKind::kAlreadyExists);
  CreateBranch(store, "dev", latest, true);
}

TEST(RefsTest, EveryFailureOfABranchsCreationOrRemovalCanBeRepaired) {
  testing::FailEveryOperation(FreshTable, [](const Snapshot& read) { CreateBranch(read.store, "dev", read, true); },
                              [](const Snapshot& latest) {
                                EXPECT_EQ(latest.version(), 3u);
                                try {
                                  EXPECT_EQ(Resolve(latest, BranchVersion{"dev", {}}).version(), 3u);
                                } catch (const Error& error) {
                                  EXPECT_EQ(error.kind(), ErrorKind::kNotFound);
                                }
                                try {
                                  DeleteBranch(latest.store, "dev", true);
                                } catch (const Error& error) {
                                  EXPECT_EQ(error.kind(), ErrorKind::kNotFound);
                                }
                                EXPECT_EQ(CreateBranch(latest.store, "dev", latest, true).version(), 3u);
                              });
  testing::FailEveryOperation(
      [] {
        const Snapshot latest = FreshTable();
        CreateBranch(latest.store, "dev", latest, true);
        return latest;
      },
      [](const Snapshot& read) { DeleteBranch(read.store, "dev", true); },
      [](const Snapshot& latest) {
        EXPECT_EQ(latest.version(), 3u);
        try {
          DeleteBranch(latest.store, "dev", true);
        } catch (const Error& error) {
          EXPECT_EQ(error.kind(), ErrorKind::kNotFound);
        }
        EXPECT_TRUE(ListBranches(*latest.store).empty());
        CreateBranch(latest.store, "dev", latest, true);
      });
}

TEST(RefsTest, RestoreBringsAnOlderVersionBackAndCountsOn) {
  const Snapshot latest = FreshTable();
  const Snapshot restored = Restore(LoadSnapshot(latest.store, 1));
  EXPECT_EQ(restored.version(), 4u);
  EXPECT_EQ(restored.manifest->num_fragments(), 1u);
  EXPECT_EQ(restored.manifest->head().max_fragment_id(), 2u);
  EXPECT_EQ(ReadTransaction(restored)->restore().version(), 1u);
  const Snapshot again = Commit(restored, Rows(4));
  EXPECT_EQ(again.manifest->fragment(1).id(), 3u);
  TransactionProto append = Rows(3);
  EXPECT_EQ(KindOf([&] { Commit(latest, append); }), ErrorKind::kConflict);
  EXPECT_EQ(KindOf([&] { LoadSnapshot(latest.store, 9); }), ErrorKind::kNotFound);
}

TEST(RefsTest, RestoreStandsAfterAnythingThatOthersCommit) {
  const Snapshot latest = FreshTable();
  TransactionProto restore = NewTransaction(3);
  restore.mutable_restore()->set_version(2);
  Commit(latest, Rows(3));
  Commit(latest, Rows(3, true));
  const Snapshot restored = Commit(latest, restore);
  EXPECT_EQ(restored.version(), 6u);
  EXPECT_EQ(restored.manifest->num_fragments(), 2u);
  EXPECT_EQ(restored.manifest->head().max_fragment_id(), 4u);
}

TEST(RefsTest, AShallowCloneReadsTheFilesOfItsSource) {
  const Snapshot latest = FreshTable();
  const io::ObjectStorePtr target = io::OpenStore(latest.store->root() + "_clone");
  const Snapshot clone = CommitClone(target, LoadSnapshot(latest.store, 2), {});
  EXPECT_EQ(clone.version(), 2u);
  EXPECT_EQ(clone.manifest->reader_feature_flags(), 16u);
  const ::lance::table::BasePath& base = clone.manifest->head().base_paths(0);
  EXPECT_EQ(base.path(), latest.store->root());
  EXPECT_TRUE(base.is_dataset_root());
  EXPECT_EQ(LocateDataFile(clone, clone.manifest->fragment(1).file(0)).store->root(), latest.store->root());
  EXPECT_EQ(KindOf([&] { CommitClone(target, latest, {}); }), ErrorKind::kAlreadyExists);
  const Snapshot deep = CommitClone(io::OpenStore(latest.store->root() + "_deep"), clone, {.is_shallow = false});
  EXPECT_EQ(deep.manifest->head().base_paths_size(), 0);
  EXPECT_FALSE(deep.manifest->fragment(0).file(0).has_base_id());
  EXPECT_EQ(deep.manifest->reader_feature_flags(), 0u);
}

}  // namespace
}  // namespace eider::table
