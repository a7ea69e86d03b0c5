#include "eider/table/next_version.h"

#include <gtest/gtest.h>

#include "eider/proto/rowids.pb.h"
#include "eider/rows/portable_roaring.h"
#include "eider/rows/row_id_sequence.h"
#include "eider/table/commit.h"
#include "eider/table/commit_samples.h"
namespace eider::table {
namespace {

using namespace samples;

TEST(NextVersionTest, OverwriteKeepsCountingIdsAndDropsIndices) {
  Snapshot snapshot = NewTable();
  snapshot = Commit(snapshot, AppendOf(1));
  snapshot = Commit(snapshot, OverwriteOf(2), {}, "2.1");
  ASSERT_EQ(snapshot.manifest->num_fragments(), 1u);
  EXPECT_EQ(snapshot.manifest->fragment(0).id(), 2u);
  EXPECT_EQ(snapshot.manifest->data_storage_version(), "2.1");
}

TEST(NextVersionTest, StableRowIdsAndVersionsAreGivenToNewRows) {
  Snapshot snapshot = NewTable(true);
  snapshot = Commit(snapshot, AppendOf(1, 5));
  EXPECT_EQ(snapshot.manifest->head().next_row_id(), 15u);
  EXPECT_EQ(snapshot.manifest->reader_feature_flags(), 2u);
  const DataFragmentProto added = snapshot.manifest->fragment(1).proto();
  const auto ids = rows::RowIdSequence::Parse(SpanOf(added.inline_row_ids()), 5);
  EXPECT_EQ(ids.at(0), 10u);
  EXPECT_EQ(ids.size(), 5u);
  lance::table::RowDatasetVersionSequence versions;
  ASSERT_TRUE(versions.ParseFromString(added.inline_created_at_versions()));
  EXPECT_EQ(versions.runs(0).version(), 2u);
  EXPECT_EQ(versions.runs(0).span().range().end(), 5u);
  const std::string created = snapshot.manifest->fragment(0).proto().inline_created_at_versions();
  snapshot = Commit(snapshot, MergeOf(snapshot));
  const DataFragmentProto& merged = snapshot.manifest->fragment(0).proto();
  EXPECT_EQ(merged.inline_created_at_versions(), created);
  ASSERT_TRUE(versions.ParseFromString(merged.inline_last_updated_at_versions()));
  EXPECT_EQ(versions.runs(0).version(), 3u);
  snapshot = Commit(snapshot, OverwriteOf(3));
  EXPECT_EQ(snapshot.manifest->head().next_row_id(), 25u);
}

TEST(NextVersionTest, ProjectDropsFilesThatHoldNothingAnyMore) {
  Snapshot snapshot = NewTable();
  snapshot = Commit(snapshot, MergeOf(snapshot));
  EXPECT_EQ(snapshot.manifest->fragment(0).num_files(), 2);
  snapshot = Commit(snapshot, ProjectOf(snapshot, {FieldOf("new", 7)}));
  EXPECT_EQ(snapshot.manifest->fragment(0).num_files(), 1);
  EXPECT_EQ(snapshot.manifest->fragment(0).file(0).fields(0), 7);
  EXPECT_EQ(snapshot.manifest->schema().fields.size(), 1u);
}

TEST(NextVersionTest, WhatReplacesFieldsDropsFilesThatHoldNothingAnyMore) {
  Snapshot snapshot = NewTable();
  snapshot = Commit(snapshot, MergeOf(snapshot));
  TransactionProto cast = MergeOf(snapshot);
  cast.mutable_merge()->mutable_schema()->RemoveLast();
  cast.mutable_merge()->mutable_schema(1)->set_id(8);
  cast.mutable_merge()->mutable_fragments(0)->mutable_files(2)->set_fields(0, 8);
  snapshot = Commit(snapshot, std::move(cast));
  ASSERT_EQ(snapshot.manifest->fragment(0).num_files(), 2);
  EXPECT_EQ(snapshot.manifest->fragment(0).file(1).fields(0), 8);

  TransactionProto update = NewTransaction(snapshot.version());
  DataFragmentProto* updated = update.mutable_update()->add_updated_fragments();
  *updated = snapshot.manifest->fragment(0).proto();
  updated->mutable_files(1)->set_fields(0, kTombstone);
  *updated->add_files() = FragmentOf(0, {8}).files(0);
  update.mutable_update()->add_fields_modified(8);
  snapshot = Commit(snapshot, update);
  ASSERT_EQ(snapshot.manifest->fragment(0).num_files(), 2);
  EXPECT_EQ(snapshot.manifest->fragment(0).file(1).path(), updated->files(2).path());
  snapshot = Commit(snapshot, ProjectOf(snapshot, {FieldOf("nulls", 9)}));
  EXPECT_EQ(snapshot.manifest->fragment(0).num_files(), 1) << "one stays";
}

TEST(NextVersionTest, ADetachedVersionIsFollowedByDetachedOnesAlone) {
  const Snapshot table = NewTable();
  const Snapshot beside = CommitDetached(table, AppendOf(1));
  EXPECT_EQ(KindOf([&] { Commit(beside, AppendOf(beside.version())); }), ErrorKind::kUnsupported);
  const Snapshot next = CommitDetached(beside, AppendOf(beside.version()));
  EXPECT_EQ(next.manifest->num_fragments(), 3u);
  EXPECT_NE(next.version(), beside.version());
  EXPECT_EQ(Restore(next).version(), 2u);
  EXPECT_EQ(LoadSnapshot(table.store).manifest->num_fragments(), 3u);
}

TEST(NextVersionTest, KeepsIndicesAndUnknownFieldsAcrossCommits) {
  const Snapshot created = NewTable();
  ManifestDraft draft;
  draft.head = created.manifest->head();
  draft.head.set_version(2);
  ASSERT_TRUE(draft.head.MergeFromString(std::string("\xc0\x0c\x05", 3)));
  draft.fragments = {created.manifest->fragment_bytes(0)};
  IndexSectionProto indices;
  indices.add_indices()->add_fields(0);
  indices.add_indices();
  const std::string section = indices.SerializeAsString();
  draft.index_section = SpanOf(section);
  TransactionProto index = NewTransaction(1);
  index.mutable_create_index();
  draft.transaction = index.SerializeAsString();
  ASSERT_TRUE(created.store->PutIfAbsent(ManifestPath(2, Naming::kV2), SpanOf(SerializeManifest(draft)), false));
  Snapshot snapshot = Commit(created, AppendOf(1));
  EXPECT_EQ(snapshot.version(), 3u);
  EXPECT_NE(snapshot.manifest->head().SerializeAsString().find(std::string("\xc0\x0c\x05", 3)), std::string::npos);
  EXPECT_EQ(std::string(snapshot.manifest->index_section().begin(), snapshot.manifest->index_section().end()), section);
  snapshot = Commit(snapshot, ProjectOf(snapshot, {FieldOf("a", 0)}));
  ASSERT_TRUE(indices.ParseFromArray(snapshot.manifest->index_section().data(), static_cast<int>(snapshot.manifest->index_section().size())));
  EXPECT_EQ(indices.indices_size(), 2);
  EXPECT_FALSE(Commit(snapshot, OverwriteOf(4)).manifest->has_index_section());
}

TEST(NextVersionTest, RewrittenFragmentsLeaveTheCoverageOfIndices) {
  const Snapshot second = Commit(NewTable(), AppendOf(1));
  ManifestDraft draft;
  draft.head = second.manifest->head();
  draft.head.set_version(3);
  draft.fragments = {second.manifest->fragment_bytes(0), second.manifest->fragment_bytes(1)};
  IndexSectionProto indices;
  const std::vector<uint32_t> covered = {0, 1, 77};
  indices.add_indices()->add_fields(0);
  indices.mutable_indices(0)->set_fragment_bitmap(rows::ToPortableRoaring(covered));
  indices.add_indices()->add_fields(0);  // does not tell
  indices.add_indices()->set_name("of the system");
  const std::string section = indices.SerializeAsString();
  draft.index_section = SpanOf(section);
  TransactionProto created = NewTransaction(2);
  created.mutable_create_index();
  draft.transaction = created.SerializeAsString();
  ASSERT_TRUE(second.store->PutIfAbsent(ManifestPath(3, Naming::kV2), SpanOf(SerializeManifest(draft)), false));
  TransactionProto rewrite = NewTransaction(3);
  auto* group = rewrite.mutable_rewrite()->add_groups();
  group->add_old_fragments()->set_id(0);
  *group->add_new_fragments() = FragmentOf(10);
  const Snapshot rewritten = Commit(LoadSnapshot(second.store), rewrite);
  ASSERT_EQ(rewritten.manifest->num_fragments(), 2u);
  EXPECT_EQ(rewritten.manifest->fragment(0).id(), 1u);
  EXPECT_EQ(rewritten.manifest->fragment(1).id(), 2u);
  const ByteSpan kept = rewritten.manifest->index_section();
  ASSERT_TRUE(indices.ParseFromArray(kept.data(), static_cast<int>(kept.size())));
  ASSERT_EQ(indices.indices_size(), 2);
  std::vector<uint32_t> left;
  rows::VisitPortableRoaring(SpanOf(indices.indices(0).fragment_bitmap()), [&](uint32_t first, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) left.push_back(first + i);
  });
  EXPECT_EQ(left, std::vector<uint32_t>{1});
  EXPECT_EQ(indices.indices(1).name(), "of the system");
}

TEST(NextVersionTest, ADeleteOfAFragmentThatIsNotThereIsRefused) {
  const Snapshot base = NewTable();
  TransactionProto transaction = NewTransaction(1);
  transaction.mutable_delete_()->add_deleted_fragment_ids(7);
  EXPECT_EQ(KindOf([&] { Commit(base, transaction); }), ErrorKind::kInvalid);
}

TEST(NextVersionTest, AVersionAsksForMoreWhenRowsWrittenBeforeItMayNotFit) {
  LanceField item{.name = "x", .id = 1, .logical_type = "int64"};
  const LanceSchema before{.fields = {{.name = "s", .id = 0, .logical_type = "struct", .children = {item}}}};
  EXPECT_FALSE(AsksForMore(before, before));
  EXPECT_FALSE(AsksForMore(before, {}));
  LanceSchema after = before;
  after.fields.push_back({.name = "new", .id = 2, .logical_type = "struct", .children = {{.name = "y", .id = 3, .nullable = false}}});
  EXPECT_FALSE(AsksForMore(before, after));
  after.fields[1].nullable = false;
  EXPECT_TRUE(AsksForMore(before, after));
  after = before;
  after.fields[0].children[0].nullable = false;
  EXPECT_TRUE(AsksForMore(before, after));
  EXPECT_FALSE(AsksForMore(after, before));
  after = before;
  after.fields[0].children[0].logical_type = "int32";
  EXPECT_TRUE(AsksForMore(before, after));
}

TEST(NextVersionTest, RefusesTablesThatNeedUnknownWriterFeatures) {
  const Snapshot created = NewTable();
  ManifestDraft draft;
  draft.head = created.manifest->head();
  draft.head.set_version(2);
  draft.head.set_writer_feature_flags(1 << 13);
  TransactionProto config = NewTransaction(1);
  config.mutable_update_config();
  draft.transaction = config.SerializeAsString();
  created.store->Put(ManifestPath(2, Naming::kV2), SpanOf(SerializeManifest(draft)), false);
  EXPECT_EQ(KindOf([&] { Commit(created, AppendOf(1)); }), ErrorKind::kUnsupported);
}

TEST(NextVersionTest, ATableWithDeletionsKeepsSayingSo) {
  const Snapshot created = NewTable();
  TransactionProto deletion = NewTransaction(1);
  DataFragmentProto changed = created.manifest->fragment(0).proto();
  changed.mutable_deletion_file()->set_num_deleted_rows(1);
  *deletion.mutable_delete_()->add_updated_fragments() = changed;
  const Snapshot deleted = Commit(created, deletion);
  EXPECT_EQ(deleted.manifest->reader_feature_flags() & 1, 1u);
  EXPECT_EQ(Commit(deleted, AppendOf(2)).manifest->reader_feature_flags() & 1, 1u);
  TransactionProto rewrite = NewTransaction(2);
  *rewrite.mutable_rewrite()->add_groups()->add_old_fragments() = changed;
  EXPECT_EQ(Commit(deleted, rewrite).manifest->reader_feature_flags() & 1, 0u) << "the fragment is gone";
}

TEST(NextVersionTest, ReservedIdsOfFragmentsAreGivenToNobodyElse) {
  const Snapshot read = NewTable();
  const auto reserve = [&] {
    TransactionProto transaction = NewTransaction(read.version());
    transaction.mutable_reserve_fragments()->set_num_fragments(3);
    return transaction;
  };
  EXPECT_EQ(Commit(read, reserve()).manifest->head().max_fragment_id(), 3u) << "fragment 0 is there";
  const Snapshot both = Commit(read, reserve());
  EXPECT_EQ(both.manifest->head().max_fragment_id(), 6u);
  const Snapshot after = Commit(read, AppendOf(read.version()));
  EXPECT_EQ(after.manifest->fragment(1).id(), 7u);
  TransactionProto many = NewTransaction(after.version());
  many.mutable_reserve_fragments()->set_num_fragments(UINT32_MAX);
  EXPECT_THROW(Commit(after, many), Error);
  Commit(after, OverwriteOf(after.version()));
  EXPECT_THROW(Commit(read, reserve()), Error) << "of fragments that are gone";
}

TEST(NextVersionTest, AnIndexOfAColumnThatIsGoneIsDropped) {
  Snapshot read = NewTable();
  IndexSectionProto indices;
  for (const int32_t field : {0, 99}) {
    auto* index = indices.add_indices();
    index->set_name(fmt::format("of {}", field));
    index->add_fields(field);
  }
  const std::string section = indices.SerializeAsString();
  ManifestDraft draft{.head = read.manifest->head(), .index_section = SpanOf(section)};
  for (size_t i = 0; i < read.manifest->num_fragments(); ++i) draft.fragments.push_back(read.manifest->fragment_bytes(i));
  const std::string bytes = SerializeManifest(draft);
  read.manifest = Manifest::Parse(Buffer(SpanOf(bytes).data(), bytes.size(), nullptr));
  const Snapshot after = Commit(read, AppendOf(read.version()));
  IndexSectionProto left;
  ASSERT_TRUE(left.ParseFromArray(after.manifest->index_section().data(), static_cast<int>(after.manifest->index_section().size())));
  ASSERT_EQ(left.indices_size(), 1);
  EXPECT_EQ(left.indices(0).name(), "of 0");
}

}  // namespace
}  // namespace eider::table
