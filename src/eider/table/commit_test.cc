#include "eider/table/commit.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "eider/base/error.h"
#include "eider/proto/rowids.pb.h"
#include "eider/rows/portable_roaring.h"
#include "eider/rows/row_id_sequence.h"
#include "eider/table/conflict.h"
#include "eider/testing/faulty_store.h"

namespace eider::table {
namespace {

using testing::FaultyStore;


lance::file::Field FieldOf(const std::string& name, int32_t id) {
  lance::file::Field field;
  field.set_name(name);
  field.set_id(id);
  field.set_parent_id(-1);
  field.set_logical_type("int64");
  field.set_nullable(true);
  return field;
}

DataFragmentProto FragmentOf(uint64_t num_rows, std::vector<int32_t> field_ids = {0}) {
  DataFragmentProto fragment;
  fragment.set_physical_rows(num_rows);
  DataFileProto* file = fragment.add_files();
  file->set_path(NewDataFileName());
  for (const int32_t id : field_ids) {
    file->add_column_indices(file->fields_size());
    file->add_fields(id);
  }
  return fragment;
}

TransactionProto OverwriteOf(uint64_t read_version) {
  TransactionProto transaction = NewTransaction(read_version);
  *transaction.mutable_overwrite()->add_schema() = FieldOf("a", 0);
  *transaction.mutable_overwrite()->add_fragments() = FragmentOf(10);
  return transaction;
}

TransactionProto AppendOf(uint64_t read_version, uint64_t num_rows = 5) {
  TransactionProto transaction = NewTransaction(read_version);
  *transaction.mutable_append()->add_fragments() = FragmentOf(num_rows);
  return transaction;
}

TransactionProto MergeOf(const Snapshot& read) {
  TransactionProto transaction = NewTransaction(read.version());
  *transaction.mutable_merge()->mutable_schema() = read.manifest->head().fields();
  *transaction.mutable_merge()->add_schema() = FieldOf("new", 7);
  for (size_t i = 0; i < read.manifest->num_fragments(); ++i) {
    DataFragmentProto* fragment = transaction.mutable_merge()->add_fragments();
    *fragment = read.manifest->fragment(i).proto();
    *fragment->add_files() = FragmentOf(0, {7}).files(0);
  }
  return transaction;
}

TransactionProto ProjectOf(const Snapshot& read, const std::vector<lance::file::Field>& fields) {
  TransactionProto transaction = NewTransaction(read.version());
  transaction.mutable_project();
  for (const auto& field : fields) *transaction.mutable_project()->add_schema() = field;
  return transaction;
}

Snapshot NewTable(bool stable = false, Naming naming = Naming::kV2) {
  return CreateTable(io::MakeMemoryStore("commit_test"), OverwriteOf(0), {.naming = naming, .stable_row_ids = stable});
}

ErrorKind KindOf(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::kIo;
}

TEST(CommitTest, CreatesATableOnce) {
  const Snapshot created = NewTable();
  EXPECT_EQ(created.version(), 1u);
  EXPECT_EQ(LoadSnapshot(created.store).version(), 1u);
  EXPECT_EQ(created.manifest->data_storage_version(), "2.2");
  EXPECT_EQ(KindOf([&] { CreateTable(created.store, OverwriteOf(0), {}); }), ErrorKind::kAlreadyExists);
}

TEST(CommitTest, AppendsWithFreshFragmentIdsInBothNamings) {
  for (const Naming naming : {Naming::kV1, Naming::kV2}) {
    const Snapshot created = NewTable(false, naming);
    const Snapshot second = Commit(created, AppendOf(1));
    EXPECT_EQ(second.version(), 2u);
    ASSERT_EQ(second.manifest->num_fragments(), 2u);
    EXPECT_EQ(second.manifest->fragment(1).id(), 1u);
    EXPECT_EQ(LoadSnapshot(created.store).manifest->head().max_fragment_id(), 1u);
    EXPECT_EQ(LoadSnapshot(created.store).naming, naming);
    EXPECT_EQ(ReadTransaction(second)->append().fragments_size(), 1);
    EXPECT_TRUE(created.store->Exists("_transactions/" + second.manifest->head().transaction_file()));
    const io::ReadableFilePtr hint = created.store->Open("_versions/latest_version_hint.json");
    const Buffer text = hint->Read({0, hint->size()});
    EXPECT_EQ(std::string(text.data(), text.data() + text.size()), "{\"version\":2}");
  }
}

TEST(CommitTest, AppendsFromAStaleVersionAreRebased) {
  const Snapshot created = NewTable();
  Commit(created, AppendOf(1));
  Commit(created, AppendOf(1));
  const Snapshot last = Commit(created, AppendOf(1));
  EXPECT_EQ(last.version(), 4u);
  ASSERT_EQ(last.manifest->num_fragments(), 4u);
  EXPECT_EQ(last.manifest->fragment(3).id(), 3u);
}

TEST(CommitTest, ManyWritersAppendWithoutLosingARow) {
  const Snapshot created = NewTable();
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int k = 0; k < 5; ++k) Commit(created, AppendOf(1), {.max_attempts = 100});
    });
  }
  for (std::thread& writer : writers) writer.join();
  const Snapshot latest = LoadSnapshot(created.store);
  EXPECT_EQ(latest.version(), 21u);
  ASSERT_EQ(latest.manifest->num_fragments(), 21u);
  for (size_t i = 0; i < 21; ++i) EXPECT_EQ(latest.manifest->fragment(i).id(), i);
}

/// Replaces the manifest of a version with what a crash left of it.
void Tear(const Snapshot& torn) { torn.store->Put(torn.manifest_path, SpanOf(std::string(200, '\0')), false); }

TEST(CommitTest, ANewVersionTakesTheNumberAfterATornOne) {
  for (const Naming naming : {Naming::kV1, Naming::kV2}) {
    const Snapshot created = NewTable(true, naming);
    Tear(Commit(created, AppendOf(1)));
    const Snapshot fallback = LoadSnapshot(created.store);
    EXPECT_EQ(fallback.version(), 1u);
    for (const Snapshot& base : {fallback, created}) {
      const Snapshot next = Commit(base, AppendOf(1));
      EXPECT_EQ(next.version(), next.manifest->head().version());
      EXPECT_EQ(next.torn, std::vector<uint64_t>{2});
    }
    const Snapshot latest = LoadSnapshot(created.store);
    EXPECT_EQ(latest.version(), 4u);
    EXPECT_TRUE(latest.torn.empty());
    ASSERT_EQ(latest.manifest->num_fragments(), 3u);
    lance::table::RowDatasetVersionSequence versions;
    ASSERT_TRUE(versions.ParseFromString(latest.manifest->fragment(1).proto().inline_created_at_versions()));
    EXPECT_EQ(versions.runs(0).version(), 3u);
    EXPECT_EQ(Restore(created).version(), 5u);
  }
}

TEST(CommitTest, ATableIsMadeBesideTheTornStartOfAnother) {
  for (const Naming naming : {Naming::kV1, Naming::kV2}) {
    const Snapshot created = NewTable(false, naming);
    Tear(created);
    const Snapshot again = CreateTable(created.store, OverwriteOf(0), {});
    EXPECT_EQ(again.version(), 2u);
    EXPECT_EQ(LoadSnapshot(created.store).version(), 2u);
    EXPECT_EQ(again.naming, naming);
  }
}

TEST(CommitTest, OverwriteKeepsCountingIdsAndDropsIndices) {
  Snapshot snapshot = NewTable();
  snapshot = Commit(snapshot, AppendOf(1));
  snapshot = Commit(snapshot, OverwriteOf(2), {}, "2.1");
  ASSERT_EQ(snapshot.manifest->num_fragments(), 1u);
  EXPECT_EQ(snapshot.manifest->fragment(0).id(), 2u);
  EXPECT_EQ(snapshot.manifest->data_storage_version(), "2.1");
}

TEST(CommitTest, StableRowIdsAndVersionsAreGivenToNewRows) {
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

TEST(CommitTest, ProjectDropsFilesThatHoldNothingAnyMore) {
  Snapshot snapshot = NewTable();
  snapshot = Commit(snapshot, MergeOf(snapshot));
  EXPECT_EQ(snapshot.manifest->fragment(0).num_files(), 2);
  snapshot = Commit(snapshot, ProjectOf(snapshot, {FieldOf("new", 7)}));
  EXPECT_EQ(snapshot.manifest->fragment(0).num_files(), 1);
  EXPECT_EQ(snapshot.manifest->fragment(0).file(0).fields(0), 7);
  EXPECT_EQ(snapshot.manifest->schema().fields.size(), 1u);
}

TEST(CommitTest, WhatReplacesFieldsDropsFilesThatHoldNothingAnyMore) {
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

TEST(CommitTest, ADetachedVersionIsFollowedByDetachedOnesAlone) {
  const Snapshot table = NewTable();
  const Snapshot beside = CommitDetached(table, AppendOf(1));
  EXPECT_EQ(KindOf([&] { Commit(beside, AppendOf(beside.version())); }), ErrorKind::kUnsupported);
  const Snapshot next = CommitDetached(beside, AppendOf(beside.version()));
  EXPECT_EQ(next.manifest->num_fragments(), 3u);
  EXPECT_NE(next.version(), beside.version());
  EXPECT_EQ(Restore(next).version(), 2u);
  EXPECT_EQ(LoadSnapshot(table.store).manifest->num_fragments(), 3u);
}

TEST(CommitTest, KeepsIndicesAndUnknownFieldsAcrossCommits) {
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

TEST(CommitTest, ConflictsFollowTheMatrix) {
  const Snapshot base = NewTable();
  const auto after = [&](const TransactionProto& theirs, const TransactionProto& mine, bool asks_for_more = false) {
    CheckConflict(mine, theirs, 2, {.asks_for_more = asks_for_more});
  };
  const TransactionProto append = AppendOf(1);
  const TransactionProto overwrite = OverwriteOf(1);
  const TransactionProto merge = MergeOf(base);
  const TransactionProto project = ProjectOf(base, {});
  TransactionProto config = NewTransaction(1);
  config.mutable_update_config();
  TransactionProto remove = NewTransaction(1);
  remove.mutable_delete_();
  after(append, append);
  after(remove, append);
  after(config, append);
  after(append, overwrite);
  after(remove, project);
  EXPECT_EQ(KindOf([&] { after(overwrite, append); }), ErrorKind::kConflict);
  after(merge, append);
  after(project, append);
  EXPECT_EQ(KindOf([&] { after(merge, append, true); }), ErrorKind::kRetryableConflict);
  EXPECT_EQ(KindOf([&] { after(project, append, true); }), ErrorKind::kRetryableConflict);
  EXPECT_EQ(KindOf([&] { after(overwrite, overwrite); }), ErrorKind::kRetryableConflict);
  EXPECT_EQ(KindOf([&] { after(append, merge); }), ErrorKind::kRetryableConflict);
  EXPECT_EQ(KindOf([&] { after(project, merge); }), ErrorKind::kConflict);
  EXPECT_EQ(KindOf([&] { after(merge, project); }), ErrorKind::kRetryableConflict);
  EXPECT_EQ(KindOf([&] { after(TransactionProto(), append); }), ErrorKind::kRetryableConflict);
}

TEST(CommitTest, DeletesConflictWithChangesOfTheSameFragments) {
  const auto deletion = [](uint64_t updated, uint64_t removed) {
    TransactionProto transaction = NewTransaction(1);
    transaction.mutable_delete_()->add_updated_fragments()->set_id(updated);
    transaction.mutable_delete_()->add_deleted_fragment_ids(removed);
    return transaction;
  };
  const TransactionProto mine = deletion(1, 2);
  TransactionProto update = NewTransaction(1), rewrite = NewTransaction(1), old_rewrite = NewTransaction(1), replacement = NewTransaction(1);
  update.mutable_update()->add_removed_fragment_ids(2);
  rewrite.mutable_rewrite()->add_groups()->add_old_fragments()->set_id(1);
  old_rewrite.mutable_rewrite()->add_old_fragments()->set_id(1);
  replacement.mutable_data_replacement()->add_replacements()->set_fragment_id(2);
  for (const TransactionProto& theirs : {deletion(1, 9), deletion(9, 2), deletion(9, 1), deletion(2, 9), update, rewrite, old_rewrite, replacement}) {
    EXPECT_EQ(KindOf([&] { CheckConflict(mine, theirs, 2, {}); }), ErrorKind::kRetryableConflict) << theirs.operation_case();
    CheckConflict(deletion(5, 6), theirs, 2, {});
  }
  CheckConflict(mine, AppendOf(1), 2, {.asks_for_more = true});
  CheckConflict(mine, ProjectOf(NewTable(), {}), 2, {.asks_for_more = true});
  EXPECT_EQ(KindOf([&] { CheckConflict(mine, OverwriteOf(1), 2, {}); }), ErrorKind::kConflict);
  EXPECT_EQ(KindOf([&] { CheckConflict(mine, MergeOf(NewTable()), 2, {}); }), ErrorKind::kRetryableConflict);
  EXPECT_EQ(KindOf([&] { CheckConflict(mine, TransactionProto(), 2, {}); }), ErrorKind::kRetryableConflict);
}

TEST(CommitTest, UpdatesConflictWithDeletesAndWithWhatChangesColumns) {
  TransactionProto mine = NewTransaction(1), overlay = NewTransaction(1), elsewhere = NewTransaction(1), remove = NewTransaction(1);
  mine.mutable_update()->add_updated_fragments()->set_id(3);
  overlay.mutable_data_overlay()->add_groups()->set_fragment_id(3);
  elsewhere.mutable_data_overlay()->add_groups()->set_fragment_id(4);
  remove.mutable_delete_()->add_deleted_fragment_ids(3);
  for (const TransactionProto& theirs : {overlay, remove, mine, ProjectOf(NewTable(), {}), MergeOf(NewTable())}) {
    EXPECT_EQ(KindOf([&] { CheckConflict(mine, theirs, 2, {}); }), ErrorKind::kRetryableConflict) << theirs.operation_case();
  }
  CheckConflict(mine, elsewhere, 2, {});
  CheckConflict(mine, AppendOf(1), 2, {});
  CheckConflict(AppendOf(1), mine, 2, {});
  EXPECT_EQ(KindOf([&] { CheckConflict(mine, OverwriteOf(1), 2, {}); }), ErrorKind::kConflict);
}

TEST(CommitTest, RewritesConflictWithChangesOfTheSameFragmentsAndWithNewIndices) {
  TransactionProto mine = NewTransaction(1), remove = NewTransaction(1), elsewhere = NewTransaction(1), index = NewTransaction(1);
  mine.mutable_rewrite()->add_groups()->add_old_fragments()->set_id(3);
  remove.mutable_delete_()->add_deleted_fragment_ids(3);
  elsewhere.mutable_delete_()->add_deleted_fragment_ids(4);
  index.mutable_create_index();
  for (const TransactionProto& theirs : {remove, mine, index, MergeOf(NewTable())}) {
    EXPECT_EQ(KindOf([&] { CheckConflict(mine, theirs, 2, {}); }), ErrorKind::kRetryableConflict) << theirs.operation_case();
  }
  CheckConflict(mine, elsewhere, 2, {});
  CheckConflict(mine, AppendOf(1), 2, {});
  CheckConflict(mine, ProjectOf(NewTable(), {}), 2, {});
}

TEST(CommitTest, ReplacedDataOfAFragmentThatIsGoneIsOfNoUse) {
  TransactionProto mine = NewTransaction(1), updated = NewTransaction(1), removed = NewTransaction(1);
  mine.mutable_data_replacement()->add_replacements()->set_fragment_id(3);
  updated.mutable_delete_()->add_updated_fragments()->set_id(3);
  removed.mutable_delete_()->add_deleted_fragment_ids(3);
  CheckConflict(mine, updated, 2, {});
  EXPECT_EQ(KindOf([&] { CheckConflict(mine, removed, 2, {}); }), ErrorKind::kConflict);
}

TEST(CommitTest, RewrittenFragmentsLeaveTheCoverageOfIndices) {
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

TEST(CommitTest, ADeleteOfAFragmentThatIsNotThereIsRefused) {
  const Snapshot base = NewTable();
  TransactionProto transaction = NewTransaction(1);
  transaction.mutable_delete_()->add_deleted_fragment_ids(7);
  EXPECT_EQ(KindOf([&] { Commit(base, transaction); }), ErrorKind::kInvalid);
}

TEST(CommitTest, AVersionAsksForMoreWhenRowsWrittenBeforeItMayNotFit) {
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

TransactionProto ConfigOf(const std::string& config_key, const std::string& table_key = "", bool of_schema = false, int32_t field = -1) {
  TransactionProto transaction = NewTransaction(1);
  auto& update = *transaction.mutable_update_config();
  if (!config_key.empty()) update.mutable_config_updates()->add_entries()->set_key(config_key);
  if (!table_key.empty()) update.mutable_table_metadata_updates()->add_entries()->set_key(table_key);
  if (of_schema) update.mutable_schema_metadata_updates()->add_entries()->set_key("s");
  if (field >= 0) (*update.mutable_field_metadata_updates())[field].add_entries()->set_key("f");
  return transaction;
}

TEST(CommitTest, UpdatesOfConfigConflictByKey) {
  const Snapshot base = NewTable();
  const auto kind_of = [](const TransactionProto& mine, const TransactionProto& theirs) -> std::optional<ErrorKind> {
    try {
      CheckConflict(mine, theirs, 2, {});
      return std::nullopt;
    } catch (const Error& error) {
      return error.kind();
    }
  };
  TransactionProto replace = ConfigOf("z");
  replace.mutable_update_config()->mutable_config_updates()->set_replace(true);
  EXPECT_EQ(kind_of(ConfigOf("a"), ConfigOf("b", "a", true, 1)), std::nullopt);
  EXPECT_EQ(kind_of(ConfigOf("a"), ConfigOf("a")), ErrorKind::kConflict);
  EXPECT_EQ(kind_of(ConfigOf("", "a"), ConfigOf("", "a")), ErrorKind::kConflict);
  EXPECT_EQ(kind_of(replace, ConfigOf("a")), ErrorKind::kConflict);
  EXPECT_EQ(kind_of(ConfigOf("a"), replace), ErrorKind::kConflict);
  EXPECT_EQ(kind_of(ConfigOf("", "", true), ConfigOf("", "", true)), ErrorKind::kConflict);
  EXPECT_EQ(kind_of(ConfigOf("", "", false, 1), ConfigOf("", "", false, 2)), std::nullopt);
  EXPECT_EQ(kind_of(ConfigOf("", "", false, 1), ConfigOf("", "", false, 1)), ErrorKind::kConflict);
  TransactionProto restore = NewTransaction(1);
  restore.mutable_restore();
  TransactionProto overwrite = OverwriteOf(1);
  (*overwrite.mutable_overwrite()->mutable_config_upsert_values())["a"] = "1";
  for (const TransactionProto& described : {ConfigOf("", "", true), ConfigOf("", "", false, 1)}) {
    EXPECT_EQ(kind_of(described, overwrite), ErrorKind::kConflict);
    EXPECT_EQ(kind_of(overwrite, described), std::nullopt);
    EXPECT_EQ(kind_of(described, restore), ErrorKind::kConflict);
    EXPECT_EQ(kind_of(described, MergeOf(base)), ErrorKind::kRetryableConflict);
    EXPECT_EQ(kind_of(MergeOf(base), described), ErrorKind::kRetryableConflict);
    const bool of_field = !described.update_config().field_metadata_updates().empty();
    EXPECT_EQ(kind_of(ProjectOf(base, {}), described), of_field ? std::optional(ErrorKind::kRetryableConflict) : std::nullopt);
    EXPECT_EQ(kind_of(described, ProjectOf(base, {})), std::nullopt);
    EXPECT_EQ(kind_of(described, AppendOf(1)), std::nullopt);
    EXPECT_EQ(kind_of(AppendOf(1), described), std::nullopt);
  }
  for (const TransactionProto& theirs : {restore, MergeOf(base), ProjectOf(base, {}), AppendOf(1), OverwriteOf(1)}) {
    EXPECT_EQ(kind_of(ConfigOf("a", "b"), theirs), std::nullopt);
  }
  EXPECT_EQ(kind_of(ConfigOf("a"), overwrite), ErrorKind::kConflict);
  EXPECT_EQ(kind_of(overwrite, ConfigOf("a")), ErrorKind::kConflict);
  EXPECT_EQ(kind_of(overwrite, ConfigOf("b")), std::nullopt);
}

TEST(CommitTest, RefusesTablesThatNeedUnknownWriterFeatures) {
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

/// Whatever operation fails, and whether it took effect or not: the table opens at its old or its new version, and what
/// the commit says is true.
TEST(CommitTest, AFailureOfAnyOperationLeavesTheTableAtItsOldOrNewVersion) {
  int lost_answers_resolved = 0;
  for (const bool after : {false, true}) {
    for (int n = 0; n < 100; ++n) {
      SCOPED_TRACE(fmt::format("operation {} {}", n, after ? "loses its answer" : "is refused"));
      const Snapshot created = NewTable();
      const auto faulty = std::make_shared<FaultyStore>(created.store);
      Snapshot read = created;
      read.store = faulty;
      faulty->FailAt(n, after);
      bool landed = false;
      bool unknown = false;
      try {
        landed = Commit(read, AppendOf(1)).version() == 2;
      } catch (const Error& error) {
        unknown = error.kind() == ErrorKind::kCommitUnknown;
      }
      const uint64_t latest = LoadSnapshot(created.store).version();
      EXPECT_LE(latest, 2u);
      if (!unknown) { EXPECT_EQ(latest, landed ? 2u : 1u); }
      lost_answers_resolved += after && landed && faulty->fired();
      if (!faulty->fired()) break;
      ASSERT_LT(n, 99);
    }
  }
  EXPECT_GT(lost_answers_resolved, 0);
}

TEST(CommitTest, APutThatLandedAndIsAnsweredTakenIsOurs) {
  const auto faulty = std::make_shared<FaultyStore>(io::MakeMemoryStore("taken"));
  faulty->AnswerTaken("_versions");
  const Snapshot created = CreateTable(faulty, OverwriteOf(0), {});
  EXPECT_TRUE(faulty->fired());
  EXPECT_EQ(created.version(), 1u);
  faulty->AnswerTaken("_versions");
  EXPECT_EQ(Commit(created, AppendOf(1)).version(), 2u);
  EXPECT_TRUE(faulty->fired());
  EXPECT_EQ(LoadSnapshot(faulty).version(), 2u);
  // Nor is its name on disk yet.
  faulty->AnswerTaken("_versions");
  faulty->FailSync("_versions");
  EXPECT_EQ(KindOf([&] { Commit(created, AppendOf(1)); }), ErrorKind::kCommitUnknown);
}

/// Counts what is asked of it.
class CountingStore final : public FaultyStore {
 public:
  using FaultyStore::FaultyStore;
  void VisitNames(std::string_view folder, const std::function<void(std::string_view)>& visit) const override {
    ++listings;
    FaultyStore::VisitNames(folder, visit);
  }
  io::ReadableFilePtr Open(std::string_view path) const override {
    opened.push_back(std::string(path));
    return FaultyStore::Open(path);
  }

  mutable int listings = 0;
  mutable std::vector<std::string> opened;
};

TEST(CommitTest, ACommitThatFollowsALookListsNothingAndReadsOnlyWhatCameSince) {
  const Snapshot created = NewTable();
  const auto store = std::make_shared<CountingStore>(created.store);
  const Snapshot looked = LoadSnapshot(store);
  EXPECT_EQ(store->listings, 1);
  store->opened.clear();
  EXPECT_EQ(Commit(looked, AppendOf(1)).version(), 2u);
  EXPECT_EQ(store->listings, 1);
  EXPECT_TRUE(store->opened.empty()) << "nothing came between";
  Commit(created, AppendOf(2));
  EXPECT_EQ(Commit(looked, AppendOf(1)).version(), 4u);
  EXPECT_EQ(store->listings, 1);
  EXPECT_EQ(store->opened, (std::vector<std::string>{ManifestPath(2, Naming::kV2), ManifestPath(3, Naming::kV2)}));
  Snapshot held = looked;
  held.listed->at -= std::chrono::seconds(2);
  EXPECT_EQ(Commit(held, AppendOf(1)).version(), 5u);
  EXPECT_EQ(store->listings, 2) << "who knows what happened since";
}

TEST(CommitTest, AManifestThatWasJustWrittenIsKeptWhileItsFileHoldsIt) {
  const Snapshot created = NewTable();
  const std::shared_ptr<Session> session = Session::Default();
  const Snapshot second = Commit(created, AppendOf(1), {.session = session.get()});
  EXPECT_EQ(LoadSnapshot(created.store, {}, session.get()).manifest, second.manifest);
  std::string bytes(second.manifest->bytes().begin(), second.manifest->bytes().end());
  bytes[bytes.size() / 2] ^= 1;
  created.store->Put(second.manifest_path, SpanOf(bytes), false);
  try {
    EXPECT_NE(LoadSnapshot(created.store, {}, session.get()).manifest, second.manifest);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
  }
}

TEST(CommitTest, AVersionThatVanishedIsNoPlaceForANewOne) {
  const Snapshot created = NewTable();
  const Snapshot looked = LoadSnapshot(created.store);
  const Snapshot second = Commit(created, AppendOf(1));
  const Snapshot third = Commit(second, AppendOf(2));
  created.store->Delete(second.manifest_path);
  Snapshot held = looked;
  held.listed.reset();
  EXPECT_EQ(KindOf([&] { Commit(held, AppendOf(1)); }), ErrorKind::kRetryableConflict);
  EXPECT_EQ(LoadSnapshot(created.store).version(), third.version());
}

TEST(CommitTest, OfManyVersionsInBetweenEachIsHeldAgainstOurs) {
  const Snapshot created = NewTable();
  const auto deletion = [&] {
    TransactionProto transaction = NewTransaction(1);
    DataFragmentProto changed = created.manifest->fragment(0).proto();
    changed.mutable_deletion_file()->set_num_deleted_rows(1);
    *transaction.mutable_delete_()->add_updated_fragments() = changed;
    return transaction;
  };
  Snapshot latest = Commit(created, deletion());
  for (int i = 0; i < 5; ++i) latest = Commit(latest, AppendOf(1));
  EXPECT_EQ(KindOf([&] { Commit(created, deletion()); }), ErrorKind::kRetryableConflict);
  const Snapshot appended = Commit(created, AppendOf(2));
  EXPECT_EQ(appended.version(), latest.version() + 1);
  EXPECT_EQ(appended.manifest->num_fragments(), latest.manifest->num_fragments() + 1);
  Commit(Commit(appended, OverwriteOf(1)), AppendOf(1));
  EXPECT_EQ(KindOf([&] { Commit(created, AppendOf(1)); }), ErrorKind::kConflict) << "another table, on which others built";
}

TEST(CommitTest, WhatLiesBeforeATornEndIsWhatACommitGoesOn) {
  const Snapshot created = NewTable();
  const Snapshot second = Commit(created, AppendOf(1)), third = Commit(second, AppendOf(2));
  Tear(Commit(third, AppendOf(3)));
  const Snapshot next = Commit(created, AppendOf(1));
  EXPECT_EQ(next.version(), 5u);
  EXPECT_EQ(next.manifest->num_fragments(), third.manifest->num_fragments() + 1);
  EXPECT_EQ(next.torn, std::vector<uint64_t>{4});
}

TEST(CommitTest, ATornVersionInBetweenIsPassedOverAndItsNeighboursAreNot) {
  const Snapshot created = NewTable();
  Snapshot latest = Commit(created, AppendOf(1));
  Tear(Commit(latest, AppendOf(5)));
  for (int i = 0; i < 3; ++i) latest = Commit(latest, AppendOf(1));
  const Snapshot next = Commit(created, AppendOf(1));
  EXPECT_EQ(next.version(), 7u);
  EXPECT_EQ(next.manifest->num_fragments(), latest.manifest->num_fragments() + 1);
}

TEST(CommitTest, WhatCannotBeReadUnderATakenNumberMayBeOurs) {
  const Snapshot created = NewTable();
  const auto faulty = std::make_shared<FaultyStore>(created.store);
  Snapshot looked = LoadSnapshot(faulty);
  faulty->AnswerTaken("_versions");
  faulty->FailReads("_versions");
  EXPECT_EQ(KindOf([&] { Commit(looked, AppendOf(1)); }), ErrorKind::kCommitUnknown);
  EXPECT_EQ(LoadSnapshot(created.store).version(), 2u);
}

TEST(CommitTest, ATableWithDeletionsKeepsSayingSo) {
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

TEST(CommitTest, OnlyAnUnsyncedManifestLeavesTheOutcomeUnknown) {
  const auto faulty = std::make_shared<FaultyStore>(io::MakeMemoryStore("unsynced"));
  const Snapshot created = CreateTable(faulty, OverwriteOf(0), {});
  faulty->FailSync("_transactions");
  EXPECT_EQ(KindOf([&] { Commit(created, AppendOf(1)); }), ErrorKind::kIo);
  EXPECT_EQ(LoadSnapshot(faulty).version(), 1u);
  faulty->FailSync("_versions");
  EXPECT_EQ(KindOf([&] { Commit(created, AppendOf(1)); }), ErrorKind::kCommitUnknown);
  EXPECT_EQ(LoadSnapshot(faulty).version(), 2u);
}

std::vector<std::string>& Observed() {
  static std::vector<std::string> operations;
  return operations;
}

class LocalCommitTest : public ::testing::Test {
 protected:
  LocalCommitTest() : folder_(std::filesystem::temp_directory_path() / NewUuid()) {
    Observed().clear();
    io::SetIoObserver([](std::string_view operation, std::string_view path) {
      Observed().push_back(fmt::format("{} {}", operation, path));
    });
  }
  ~LocalCommitTest() override {
    io::SetIoObserver(nullptr);
    std::filesystem::remove_all(folder_);
  }
  /// Position of the first observed "operation ...fragment...", or -1.
  static int Find(std::string_view operation, std::string_view fragment) {
    for (size_t i = 0; i < Observed().size(); ++i) {
      if (Observed()[i].starts_with(operation) && Observed()[i].find(fragment) != std::string::npos) return static_cast<int>(i);
    }
    return -1;
  }
  std::filesystem::path folder_;
};

TEST_F(LocalCommitTest, SyncsTransactionThenManifestAndTheirFoldersBeforeItReturns) {
  const Snapshot created = CreateTable(io::OpenStore(folder_.string()), OverwriteOf(0), {});
  Observed().clear();
  Commit(created, AppendOf(1));
  const int transaction = Find("fsync ", "_transactions/");
  const int transactions_folder = Find("fsync_dir ", "_transactions");
  const int manifest = Find("fsync ", "_versions/");
  const int versions_folder = Find("fsync_dir ", "_versions");
  EXPECT_GE(transaction, 0);
  EXPECT_GT(transactions_folder, transaction);
  EXPECT_GT(manifest, transactions_folder);
  EXPECT_GT(versions_folder, manifest);
}

TEST_F(LocalCommitTest, SyncsNothingWithoutDurability) {
  const Snapshot created = CreateTable(io::OpenStore(folder_.string()), OverwriteOf(0), {}, {.sync = false});
  Commit(created, AppendOf(1), {.sync = false});
  EXPECT_EQ(Find("fsync", ""), -1);
  EXPECT_FALSE(Observed().empty());
}

TEST(CommitTest, ReservedIdsOfFragmentsAreGivenToNobodyElse) {
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

TEST(CommitTest, AnIndexOfAColumnThatIsGoneIsDropped) {
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
