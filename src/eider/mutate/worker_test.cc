#include "eider/mutate/worker.h"

#include <gtest/gtest.h>

#include "eider/mutate/delete.h"
#include "eider/mutate/write.h"
#include "eider/testing/every_failure.h"
#include "eider/testing/int_columns.h"

namespace eider::mutate {
namespace {

using testing::ErrorOf;
using testing::Range;
using testing::ReadColumn;
using testing::Stream;
using testing::Values;

table::Snapshot TableOfWorkers(WriteOptions options = {}) {
  options.max_rows_per_file = 10;
  return Create(io::MakeMemoryStore("worker_test"), *Stream({{"a", Range(0, 25)}, {"b", Range(100, 125)}}), options);
}

table::TransactionProto AppendInParts(const table::Snapshot& read, int64_t from, int64_t to) {
  WriteOptions options{.mode = WriteMode::kAppend, .max_rows_per_file = 4};
  return WriteUncommitted(read.store, *Stream({{"b", Range(100, 100 + to - from)}, {"a", Range(from, to)}}), options);
}

table::TransactionProto UpdateOf(const ChangedFragment& changed, uint64_t read_version) {
  table::TransactionProto transaction = table::NewTransaction(read_version);
  *transaction.mutable_update()->add_updated_fragments() = changed.fragment;
  transaction.mutable_update()->set_update_mode(1);
  for (const int32_t id : changed.field_ids) transaction.mutable_update()->add_fields_modified(static_cast<uint32_t>(id));
  return transaction;
}

TEST(WorkerTest, AnAppendInPartsIsCommittedByAnother) {
  const table::Snapshot read = TableOfWorkers();
  const table::TransactionProto first = AppendInParts(read, 25, 35), second = AppendInParts(read, 35, 36);
  EXPECT_EQ(table::LoadSnapshot(read.store).version(), 1u);
  CommitTransaction(read.store, second, {});
  const table::Snapshot after = CommitTransaction(read.store, first, {});
  EXPECT_EQ(after.manifest->num_fragments(), 7u);
  Values wanted = Range(0, 25);
  wanted.emplace_back(35);
  for (int64_t i = 25; i < 35; ++i) wanted.emplace_back(i);
  EXPECT_EQ(ReadColumn(after, "a"), wanted);
}

TEST(WorkerTest, AnOverwriteMakesATable) {
  const io::ObjectStorePtr store = io::MakeMemoryStore("made");
  const table::TransactionProto made = WriteUncommitted(store, *Stream({{"z", Range(0, 3)}}), {.data_storage_version = "2.1"});
  EXPECT_FALSE(table::TableExists(*store));
  const table::Snapshot created = CommitTransaction(store, made, {});
  EXPECT_EQ(created.manifest->data_storage_version(), "2.1");
  EXPECT_EQ(ReadColumn(created, "z"), Range(0, 3));
  EXPECT_EQ(ErrorOf([&] { CommitTransaction(io::MakeMemoryStore("none"), AppendInParts(TableOfWorkers(), 0, 1), {}); }).kind(), ErrorKind::kNotFound);
}

TEST(WorkerTest, RowsOfAFragmentAreDeletedWithoutACommit) {
  const table::Snapshot read = TableOfWorkers();
  const auto reader = std::make_shared<const query::TableReader>(read, Session::Default());
  const auto left = DeleteFromFragment(*reader, 1, {.text = "a < 15"});
  ASSERT_TRUE(left);
  EXPECT_EQ(left->deletion_file().num_deleted_rows(), 5u);
  EXPECT_FALSE(DeleteFromFragment(*reader, 2, {.text = "true"}));
  EXPECT_EQ(DeleteFromFragment(*reader, 2, {.text = "a < 3"})->SerializeAsString(), read.manifest->fragment(2).proto().SerializeAsString());
  table::TransactionProto transaction = table::NewTransaction(1);
  *transaction.mutable_delete_()->add_updated_fragments() = *left;
  const table::Snapshot after = CommitTransaction(read.store, std::move(transaction), {});
  const auto again = std::make_shared<const query::TableReader>(after, Session::Default());
  const std::vector<uint64_t> offsets = {0, 9, 9};
  EXPECT_EQ(DeleteFromFragment(*again, 1, offsets)->deletion_file().num_deleted_rows(), 6u);
  const std::vector<uint64_t> beyond = {10};
  EXPECT_EQ(ErrorOf([&] { DeleteFromFragment(*again, 1, beyond); }).kind(), ErrorKind::kInvalid);
}

TEST(WorkerTest, ColumnsOfAFragmentAreReplaced) {
  for (const char* version : {"2.0", "2.1", "2.2"}) {
    const table::Snapshot read = TableOfWorkers({.data_storage_version = version});
    const ChangedFragment changed = AddToFragment(read, 1, *Stream({{"b", Range(0, 10)}}), true, {});
    EXPECT_EQ(changed.field_ids, (std::vector<int32_t>{1}));
    EXPECT_EQ(changed.fragment.files(0).fields(1), table::kTombstone);
    const table::Snapshot after = CommitTransaction(read.store, UpdateOf(changed, 1), {});
    const Values b = ReadColumn(after, "b");
    EXPECT_EQ(b[9], 109);
    EXPECT_EQ(b[10], 0);
    EXPECT_EQ(b[19], 9);
    EXPECT_EQ(b[20], 120);
    EXPECT_EQ(ReadColumn(after, "a"), Range(0, 25));
    EXPECT_EQ(ErrorOf([&] { CommitTransaction(read.store, UpdateOf(changed, 1), {}); }).kind(), ErrorKind::kRetryableConflict);
  }
}

TEST(WorkerTest, FilesAreReplacedOrAdded) {
  const table::Snapshot read = TableOfWorkers();
  const ChangedFragment first = AddToFragment(read, 0, {{"c", {.text = "a"}}}, {});
  Schema columns;
  columns.fields = {{.name = "c", .type = MakeType(TypeId::kInt64)}};
  const table::Snapshot with_c = AddNullColumns(read, columns, {});
  const auto replace = [&](const table::DataFileProto& file, uint64_t read_version) {
    table::TransactionProto transaction = table::NewTransaction(read_version);
    auto* group = transaction.mutable_data_replacement()->add_replacements();
    group->set_fragment_id(0);
    *group->mutable_new_file() = file;
    return CommitTransaction(read.store, std::move(transaction), {});
  };
  EXPECT_EQ(ReadColumn(replace(first.fragment.files(1), 2), "c")[9], 9);
  const ChangedFragment second = AddToFragment(read, 0, {{"c", {.text = "a * 2"}}}, {});
  const table::Snapshot after = replace(second.fragment.files(1), 3);
  EXPECT_EQ(ReadColumn(after, "c")[9], 18);
  EXPECT_EQ(after.manifest->fragment(0).num_files(), 2);
  EXPECT_EQ(ErrorOf([&] { replace(second.fragment.files(1), 3); }).kind(), ErrorKind::kRetryableConflict);
  table::DataFileProto both = second.fragment.files(1);
  both.add_fields(0);
  EXPECT_EQ(ErrorOf([&] { replace(both, 4); }).kind(), ErrorKind::kInvalid);
}

TEST(WorkerTest, ADetachedVersionIsFoundByItsNumberAlone) {
  const table::Snapshot read = TableOfWorkers();
  const table::Snapshot beside = CommitTransaction(read.store, AppendInParts(read, 25, 30), {.detached = true});
  EXPECT_EQ(beside.version() >> 63, 1u);
  EXPECT_EQ(table::LatestVersion(*read.store), 1u);
  EXPECT_EQ(ReadColumn(table::LoadSnapshot(read.store, beside.version()), "a"), Range(0, 30));
  EXPECT_EQ(Append(read, *Stream({{"a", {1}}}), {}).version(), 2u);
}

TEST(WorkerTest, RefusesWhatDoesNotFit) {
  const table::Snapshot read = TableOfWorkers();
  const table::TransactionProto good = AppendInParts(read, 0, 1);
  std::vector<table::TransactionProto> bad(4, good);
  bad[0].clear_uuid();
  bad[1].mutable_append()->mutable_fragments(0)->clear_files();
  bad[2].mutable_append()->mutable_fragments(0)->set_physical_rows(0);
  bad[3].mutable_append()->mutable_fragments(0)->mutable_deletion_file();
  for (const table::TransactionProto& transaction : bad) {
    EXPECT_EQ(ErrorOf([&] { CommitTransaction(read.store, transaction, {}); }).kind(), ErrorKind::kInvalid);
  }
  table::TransactionProto update = UpdateOf({.fragment = read.manifest->fragment(0).proto(), .schema = {}, .field_ids = {0}}, 1);
  update.mutable_update()->mutable_updated_fragments(0)->set_physical_rows(3);
  EXPECT_EQ(ErrorOf([&] { CommitTransaction(read.store, update, {}); }).kind(), ErrorKind::kInvalid);
  update.mutable_update()->mutable_updated_fragments(0)->set_id(77);
  EXPECT_EQ(ErrorOf([&] { CommitTransaction(read.store, update, {}); }).kind(), ErrorKind::kInvalid);
  EXPECT_EQ(table::LoadSnapshot(read.store).version(), 1u);
}

TEST(WorkerTest, AFailedDetachedCommitLeavesTheTableWhole) {
  testing::FailEveryOperation(
      [] { return TableOfWorkers(); },
      [](const table::Snapshot& read) { CommitTransaction(read.store, AppendInParts(read, 25, 30), {.detached = true}); },
      [](const table::Snapshot& latest) { EXPECT_EQ(latest.version(), 1u); });
}

}  // namespace
}  // namespace eider::mutate
