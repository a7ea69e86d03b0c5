#include <gtest/gtest.h>

#include <numeric>

#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/file/file_reader.h"
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

/// All physical rows of a column, file by file; nullopt per row where no file has it.
Values ReadAll(const table::Snapshot& snapshot, const std::string& name) {
  const LanceField* field = snapshot.manifest->schema().FindPath(name);
  Values values;
  for (size_t i = 0; i < snapshot.manifest->num_fragments(); ++i) {
    const table::Fragment& fragment = snapshot.manifest->fragment(i);
    const auto location = fragment.FindField(field->id);
    if (!location) {
      values.resize(values.size() + fragment.physical_rows());
      continue;
    }
    const table::FileLocation at = table::LocateDataFile(snapshot, fragment.file(location->file));
    const auto reader = file::FileReader::Open(at.store->Open(at.path));
    EXPECT_EQ(reader->num_rows(), fragment.physical_rows());
    const file::ColumnProjection projection{.field = *field, .leaf_columns = {location->column}};
    const ArrayPtr array = reader->ReadRange({&projection, 1}, 0, reader->num_rows(), {}).at(0);
    for (int64_t k = 0; k < array->length; ++k) {
      values.push_back(array->IsValid(k) ? std::optional(array->buffers[0].as<int64_t>()[array->offset + k]) : std::nullopt);
    }
  }
  return values;
}

/// Commits a deletion of the given rows of fragment `index`, as another engine would.
table::Snapshot DeleteAsOthersDo(const table::Snapshot& read, size_t index, const std::vector<uint32_t>& offsets) {
  table::ManifestDraft draft;
  draft.head = read.manifest->head();
  draft.head.set_version(read.version() + 1);
  table::DataFragmentProto fragment = read.manifest->fragment(index).proto();
  auto* file = fragment.mutable_deletion_file();
  file->set_file_type(::lance::table::DELETION_FILE_TYPE_BITMAP);
  file->set_read_version(read.version());
  file->set_num_deleted_rows(offsets.size());
  const std::string bitmap = rows::DeletionVector::FromOffsets(offsets, fragment.physical_rows())->ToRoaring();
  read.store->Put("_deletions/" + table::DeletionFileName(fragment.id(), *file),
                  {reinterpret_cast<const uint8_t*>(bitmap.data()), bitmap.size()}, false);
  draft.owned_fragments = {fragment.SerializeAsString()};
  for (size_t i = 0; i < read.manifest->num_fragments(); ++i) draft.fragments.push_back(read.manifest->fragment_bytes(i));
  draft.fragments[index] = {reinterpret_cast<const uint8_t*>(draft.owned_fragments[0].data()), draft.owned_fragments[0].size()};
  table::TransactionProto transaction = table::NewTransaction(read.version());
  transaction.mutable_delete_();
  draft.transaction = transaction.SerializeAsString();
  const std::string bytes = table::SerializeManifest(draft);
  read.store->PutIfAbsent(table::ManifestPath(read.version() + 1, read.naming),
                          {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, false);
  return table::LoadSnapshot(read.store);
}

table::Snapshot NewTable(int64_t num_rows = 20, WriteOptions options = {}) {
  const auto data = Stream({{"a", Range(0, num_rows)}, {"b", Range(100, 100 + num_rows)}});
  return Create(io::MakeMemoryStore("mutate_test"), *data, options);
}

TEST(MutateTest, RollsFilesByRows) {
  const table::Snapshot snapshot = NewTable(20, {.max_rows_per_file = 8});
  ASSERT_EQ(snapshot.manifest->num_fragments(), 3u);
  EXPECT_EQ(snapshot.manifest->fragment(2).physical_rows(), 4u);
  EXPECT_EQ(ReadAll(snapshot, "b"), Range(100, 120));
  const auto& file = snapshot.manifest->fragment(0).file(0);
  EXPECT_EQ(snapshot.store->Open("data/" + file.path())->size(), file.file_size_bytes());
}

TEST(MutateTest, CreatesAnEmptyTableWithASchema) {
  const auto data = Stream({{"a", {}}});
  const table::Snapshot snapshot = Create(io::MakeMemoryStore("empty"), *data, {});
  EXPECT_EQ(snapshot.manifest->num_fragments(), 0u);
  EXPECT_EQ(snapshot.manifest->schema().fields.size(), 1u);
}

TEST(MutateTest, AppendsColumnsInAnyOrderAndFillsMissingOnes) {
  table::Snapshot snapshot = NewTable(3);
  snapshot = Append(snapshot, *Stream({{"b", {7, std::nullopt}}}), {});
  EXPECT_EQ(ReadAll(snapshot, "a"), (Values{0, 1, 2, std::nullopt, std::nullopt}));
  EXPECT_EQ(ReadAll(snapshot, "b"), (Values{100, 101, 102, 7, std::nullopt}));
  const Error error = ErrorOf([&] { Append(snapshot, *Stream({{"c", {1}}}), {}); });
  EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
  EXPECT_NE(std::string(error.what()).find("'c'"), std::string::npos);
}

TEST(MutateTest, OverwriteReplacesSchemaAndRows) {
  table::Snapshot snapshot = NewTable(3, {.data_storage_version = "2.1"});
  snapshot = Overwrite(snapshot, *Stream({{"z", {1}}}), {});
  EXPECT_EQ(snapshot.manifest->data_storage_version(), "2.1");
  EXPECT_EQ(ReadAll(snapshot, "z"), (Values{1}));
  snapshot = Overwrite(snapshot, *Stream({{"z", {1}}}), {.data_storage_version = "2.2"});
  EXPECT_EQ(snapshot.manifest->data_storage_version(), "2.2");
  snapshot = Overwrite(snapshot, *Stream({{"z", {1}}}), {.data_storage_version = "2.0"});
  EXPECT_EQ(snapshot.manifest->data_storage_version(), "2.0");
  EXPECT_EQ(ErrorOf([&] { Overwrite(snapshot, *Stream({{"z", {1}}}), {.data_storage_version = "0.1"}); }).kind(),
            ErrorKind::kUnsupported);
}

TEST(MutateTest, ATableOfVersion20IsWrittenOn) {
  table::Snapshot snapshot = NewTable(3, {.data_storage_version = "2.0"});
  snapshot = Append(snapshot, *Stream({{"b", {7, std::nullopt}}}), {});
  EXPECT_EQ(snapshot.manifest->data_storage_version(), "2.0");
  EXPECT_EQ(snapshot.manifest->fragment(1).file(0).file_major_version(), 2u);
  EXPECT_EQ(snapshot.manifest->fragment(1).file(0).file_minor_version(), 0u);
}

TEST(MutateTest, RefusesWhatOnlyANewTableCanChoose) {
  const table::Snapshot snapshot = NewTable(3, {.data_storage_version = "2.1"});
  const auto kind_of = [&](const WriteOptions& options) {
    return ErrorOf([&] { Append(snapshot, *Stream({{"a", {1}}}), options); }).kind();
  };
  EXPECT_EQ(kind_of({.data_storage_version = "2.2"}), ErrorKind::kUnsupported);
  EXPECT_EQ(kind_of({.enable_stable_row_ids = true}), ErrorKind::kUnsupported);
  EXPECT_EQ(kind_of({.table_metadata = {{"k", "v"}}}), ErrorKind::kUnsupported);
  EXPECT_EQ(Append(snapshot, *Stream({{"a", {1}}}), {.data_storage_version = "2.1"}).version(), 2u);
  const Error error = ErrorOf([&] { Overwrite(snapshot, *Stream({{"a", {1}}}), {.enable_stable_row_ids = true}); });
  EXPECT_NE(std::string(error.what()).find("enable_stable_row_ids"), std::string::npos);
}

TEST(MutateTest, AddedColumnsSkipDeletedRowsAndTouchNoOldFile) {
  for (const bool nullable : {true, false}) {
    table::Snapshot snapshot = NewTable(20, {.max_rows_per_file = 8});
    snapshot = DeleteAsOthersDo(snapshot, 0, {0, 3, 4});
    snapshot = DeleteAsOthersDo(snapshot, 1, {0, 1, 2, 3, 4, 5, 6, 7});
    snapshot = DeleteAsOthersDo(snapshot, 2, {3});
    snapshot = AddColumns(snapshot, *Stream({{"c", Range(0, 8), nullable}}, 3), {});
    Values c = ReadAll(snapshot, "c");
    ASSERT_EQ(c.size(), 20u);
    const std::vector<size_t> live = {1, 2, 5, 6, 7, 16, 17, 18};
    for (size_t i = 0; i < live.size(); ++i) EXPECT_EQ(c[live[i]], static_cast<int64_t>(i));
    EXPECT_EQ(c[0].has_value(), !nullable);
    EXPECT_EQ(ReadAll(snapshot, "a"), Range(0, 20));
    EXPECT_EQ(snapshot.manifest->schema().FindPath("c")->id, 2);
  }
}

TEST(MutateTest, AddedColumnsMustHaveExactlyTheLiveRows) {
  const table::Snapshot snapshot = NewTable(20, {.max_rows_per_file = 8});
  for (const int64_t num_rows : {0, 19, 21}) {
    const Error error = ErrorOf([&] { AddColumns(snapshot, *Stream({{"c", Range(0, num_rows)}}), {}); });
    EXPECT_EQ(error.kind(), ErrorKind::kInvalid) << error.what();
  }
  EXPECT_EQ(snapshot.store->List("data").size(), 3u) << "files of failed operations are removed";
  EXPECT_EQ(ErrorOf([&] { AddColumns(snapshot, *Stream({{"a", Range(0, 20)}}), {}); }).kind(), ErrorKind::kInvalid);
}

TEST(MutateTest, NullColumnsAndDropsAreMetadataOnlyAndIdsAreNotReused) {
  table::Snapshot snapshot = NewTable(5);
  Schema columns;
  columns.fields = {{.name = "n", .type = MakeType(TypeId::kInt64)}};
  snapshot = AddNullColumns(snapshot, columns, {});
  EXPECT_EQ(snapshot.store->List("data").size(), 1u);
  EXPECT_EQ(ReadAll(snapshot, "n"), Values(5));
  snapshot = AddColumns(snapshot, *Stream({{"c", Range(0, 5)}}), {});
  EXPECT_EQ(snapshot.manifest->schema().FindPath("c")->id, 3);
  snapshot = DropColumns(snapshot, {"b", "n"}, {});
  EXPECT_EQ(snapshot.manifest->schema().FindPath("b"), nullptr);
  snapshot = AddColumns(snapshot, *Stream({{"b", Range(5, 10)}}), {});
  EXPECT_EQ(snapshot.manifest->schema().FindPath("b")->id, 4);
  EXPECT_EQ(ReadAll(snapshot, "b"), Range(5, 10));
  EXPECT_EQ(ErrorOf([&] { DropColumns(snapshot, {"a", "c", "b"}, {}); }).kind(), ErrorKind::kInvalid);
  EXPECT_EQ(ErrorOf([&] { DropColumns(snapshot, {"q"}, {}); }).kind(), ErrorKind::kNotFound);
}

TEST(MutateTest, NullFieldsAreAddedToStructs) {
  table::Snapshot snapshot = NewTable(5);
  const auto box = [](std::vector<Field> fields) { return Schema{.fields = {{.name = "box", .type = StructType(std::move(fields))}}, .metadata = {}}; };
  const Field u{.name = "u", .type = MakeType(TypeId::kInt64)}, v{.name = "v", .type = MakeType(TypeId::kUtf8)};
  snapshot = AddNullColumns(snapshot, box({u}), {});
  const int32_t id = snapshot.manifest->schema().FindPath("box.u")->id;
  snapshot = AddNullColumns(snapshot, box({{.name = "deep", .type = StructType({v})}, v}), {});
  const LanceSchema& schema = snapshot.manifest->schema();
  EXPECT_EQ(schema.FindPath("box.u")->id, id);
  EXPECT_EQ(schema.FindPath("box.deep")->id, id + 1);
  EXPECT_EQ(schema.FindPath("box.deep.v")->parent_id, id + 1);
  EXPECT_EQ(schema.FindPath("box.v")->id, id + 3);
  EXPECT_EQ(schema.FindPath("box.v")->parent_id, schema.FindPath("box")->id);
  EXPECT_EQ(snapshot.store->List("data").size(), 1u);
  for (const Schema& wrong : {box({u}), box({{.name = "w", .type = v.type, .nullable = false}}), box({{.name = "v", .type = StructType({v})}})}) {
    EXPECT_EQ(ErrorOf([&] { AddNullColumns(snapshot, wrong, {}); }).kind(), ErrorKind::kInvalid);
  }
}

TEST(MutateTest, RefusesNullsInFieldsThatAreNotNullable) {
  const auto data = Stream({{"a", {1, std::nullopt}, false}});
  EXPECT_EQ(ErrorOf([&] { Create(io::MakeMemoryStore("nulls"), *data, {}); }).kind(), ErrorKind::kInvalid);
}

/// Fails every store operation of an append in turn: afterwards the table opens at its old or new version, with all its rows,
/// and no data file lies about unless the outcome is unknown.
TEST(MutateTest, AFailedAppendLeavesTheTableWhole) {
  testing::FailEveryOperation(
      [] { return NewTable(5); }, [](const table::Snapshot& read) { Append(read, *Stream({{"a", {7}}}), {}); },
      [](const table::Snapshot& latest) {
        const Values values = ReadAll(latest, "a");
        EXPECT_EQ(values.size(), latest.version() == 1 ? 5u : 6u);
      });
}

TEST(MutateTest, KeepsTheDataOfAVersionWhosePutWasAnsweredTaken) {
  const auto faulty = std::make_shared<testing::FaultyStore>(io::MakeMemoryStore("taken"));
  faulty->AnswerTaken("_versions");
  const table::Snapshot created = Create(faulty, *Stream({{"a", {1}}}), {});
  faulty->AnswerTaken("_versions");
  Append(created, *Stream({{"a", {2}}}), {});
  EXPECT_TRUE(faulty->fired());
  EXPECT_EQ(ReadAll(table::LoadSnapshot(faulty), "a"), (Values{1, 2}));
}

TEST(MutateTest, RemovesTheDataWhenTheTransactionIsNotSyncedAndKeepsItWhenTheManifestIsNot) {
  const auto faulty = std::make_shared<testing::FaultyStore>(io::MakeMemoryStore("unsynced"));
  const table::Snapshot created = Create(faulty, *Stream({{"a", {1}}}), {});
  faulty->FailSync("_transactions");
  EXPECT_EQ(ErrorOf([&] { Append(created, *Stream({{"a", {2}}}), {}); }).kind(), ErrorKind::kIo);
  EXPECT_EQ(faulty->List("data").size(), 1u);
  faulty->FailSync("_versions");
  EXPECT_EQ(ErrorOf([&] { Append(created, *Stream({{"a", {2}}}), {}); }).kind(), ErrorKind::kCommitUnknown);
  EXPECT_EQ(ReadAll(table::LoadSnapshot(faulty), "a"), (Values{1, 2}));
}

}  // namespace
}  // namespace eider::mutate
