#include "eider/table/conflict.h"

#include <gtest/gtest.h>

#include "eider/table/commit.h"
#include "eider/table/commit_samples.h"
namespace eider::table {
namespace {

using namespace samples;

TEST(ConflictTest, ConflictsFollowTheMatrix) {
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

TEST(ConflictTest, DeletesConflictWithChangesOfTheSameFragments) {
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

TEST(ConflictTest, UpdatesConflictWithDeletesAndWithWhatChangesColumns) {
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

TEST(ConflictTest, RewritesConflictWithChangesOfTheSameFragmentsAndWithNewIndices) {
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

TEST(ConflictTest, ReplacedDataOfAFragmentThatIsGoneIsOfNoUse) {
  TransactionProto mine = NewTransaction(1), updated = NewTransaction(1), removed = NewTransaction(1);
  mine.mutable_data_replacement()->add_replacements()->set_fragment_id(3);
  updated.mutable_delete_()->add_updated_fragments()->set_id(3);
  removed.mutable_delete_()->add_deleted_fragment_ids(3);
  CheckConflict(mine, updated, 2, {});
  EXPECT_EQ(KindOf([&] { CheckConflict(mine, removed, 2, {}); }), ErrorKind::kConflict);
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

TEST(ConflictTest, UpdatesOfConfigConflictByKey) {
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

}  // namespace
}  // namespace eider::table
