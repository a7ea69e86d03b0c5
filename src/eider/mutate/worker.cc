#include "eider/mutate/worker.h"

#include <algorithm>
#include <set>

#include "eider/base/error.h"
#include "eider/io/store_path.h"
#include "eider/mutate/align.h"
#include "eider/mutate/computed_rows.h"
#include "eider/mutate/matching_rows.h"
#include "eider/mutate/new_deletions.h"
#include "eider/mutate/write.h"
#include "eider/schema/field_path.h"

namespace eider::mutate {
namespace {

using Fragments = google::protobuf::RepeatedPtrField<table::DataFragmentProto>;

void RequireNewFragments(const Fragments& fragments, const char* operation) {
  for (const table::DataFragmentProto& fragment : fragments) {
    if (fragment.files_size() == 0) throw Invalid("{}: a new fragment has no data file", operation);
    if (fragment.physical_rows() == 0) throw Invalid("{}: a new fragment has no rows", operation);
    if (fragment.has_deletion_file()) throw Invalid("{}: a new fragment has a deletion file, which its new id would not find", operation);
  }
}

/// Data files as every reader expects them.
void RequireFiles(const google::protobuf::RepeatedPtrField<table::DataFragmentProto>& fragments, const char* operation) {
  for (const table::DataFragmentProto& fragment : fragments) {
    for (const table::DataFileProto& file : fragment.files()) {
      io::CheckFilePath(file.path());
      if (file.file_major_version() < 2 || file.fields_size() == file.column_indices_size()) continue;
      throw Invalid("{}: data file '{}' has {} fields and {} column indices", operation, file.path(), file.fields_size(), file.column_indices_size());
    }
  }
}

uint64_t LiveRows(const google::protobuf::RepeatedPtrField<table::DataFragmentProto>& fragments) {
  uint64_t rows = 0;
  for (const table::DataFragmentProto& fragment : fragments) {
    rows += fragment.physical_rows() - std::min<uint64_t>(fragment.physical_rows(), fragment.deletion_file().num_deleted_rows());
  }
  return rows;
}

template <typename Group>
void RequireWholeGroup(const Group& group) {
  RequireFiles(group.new_fragments(), "rewrite");
  const bool is_known = std::ranges::all_of(group.old_fragments(), [](const auto& fragment) { return fragment.physical_rows() > 0; });
  const uint64_t before = LiveRows(group.old_fragments()), after = LiveRows(group.new_fragments());
  if (is_known && before != after) throw Invalid("rewrite: fragments of {} rows became fragments of {}", before, after);
}

void RequireWhole(const table::TransactionProto& transaction) {
  if (transaction.uuid().empty()) throw Invalid("transaction: it has no uuid");
  RequireFiles(transaction.append().fragments(), "append");
  RequireFiles(transaction.overwrite().fragments(), "overwrite");
  RequireFiles(transaction.merge().fragments(), "merge");
  RequireFiles(transaction.update().new_fragments(), "update");
  RequireFiles(transaction.update().updated_fragments(), "update");
  RequireFiles(transaction.delete_().updated_fragments(), "delete");
  for (const auto& group : transaction.rewrite().groups()) RequireWholeGroup(group);
  if (transaction.has_append()) RequireNewFragments(transaction.append().fragments(), "append");
  if (transaction.has_overwrite()) RequireNewFragments(transaction.overwrite().fragments(), "overwrite");
  if (transaction.has_overwrite() && transaction.overwrite().schema_size() == 0) throw Invalid("overwrite: the schema has no columns");
}

/// The version of the data files that an overwrite brings along; unset: it brings none.
std::optional<std::string> VersionOfFiles(const table::TransactionProto& transaction) {
  if (!transaction.has_overwrite() || transaction.overwrite().fragments_size() == 0) return std::nullopt;
  const table::DataFileProto& file = transaction.overwrite().fragments(0).files(0);
  if (file.file_major_version() != 2) throw Unsupported("overwrite with data files of version {}.{}", file.file_major_version(), file.file_minor_version());
  return WritableVersion(fmt::format("{}.{}", file.file_major_version(), file.file_minor_version())).ToString();
}

std::optional<table::DataFragmentProto> Finish(const query::TableReader& table, size_t fragment, NewDeletions* deletions) {
  deletions->Finish();
  deletions->Keep();
  if (!deletions->removed().empty()) return std::nullopt;
  return deletions->updated().empty() ? table.snapshot().manifest->fragment(fragment).proto() : deletions->updated().begin()->second;
}

/// The columns of the table that the data bring.
LanceSchema ColumnsOfTable(const LanceSchema& table, const Schema& data) {
  std::vector<std::string> names;
  for (const Field& field : data.fields) names.push_back(QuoteSegment(field.name));
  if (names.empty()) throw Invalid("replacing columns: there are none");
  return Project(table, names);
}

ChangedFragment Finish(ColumnMerge* merge, size_t fragment, LanceSchema schema) {
  ChangedFragment changed{.fragment = merge->fragment(fragment), .schema = std::move(schema)};
  const auto& fields = changed.fragment.files(changed.fragment.files_size() - 1).fields();
  changed.field_ids.assign(fields.begin(), fields.end());
  merge->Keep();
  return changed;
}

void Invalidate(const LanceSchema& columns, table::DataFragmentProto* fragment) {
  const std::set<int32_t> ids = columns.Ids();
  for (int f = 0; f + 1 < fragment->files_size(); ++f) {
    for (int32_t& id : *fragment->mutable_files(f)->mutable_fields()) {
      if (ids.contains(id)) id = table::kTombstone;
    }
  }
}

}  // namespace

table::Snapshot CommitTransaction(const io::ObjectStorePtr& store, table::TransactionProto transaction, const CommitOptions& options) {
  RequireWhole(transaction);
  const bool sync = SyncsFor(options.durability);
  const std::optional<std::string> version = VersionOfFiles(transaction);
  if (!table::TableExists(*store)) {
    if (!transaction.has_overwrite()) throw NotFound("'{}' is not a dataset, and only an overwrite makes one", store->root());
    if (options.detached) throw Unsupported("detached commit: '{}' is not a dataset", store->root());
    transaction.set_read_version(0);
    const table::CreateOptions create{.naming = options.enable_v2_manifest_paths ? table::Naming::kV2 : table::Naming::kV1,
                                      .data_storage_version = version.value_or("2.2"),
                                      .stable_row_ids = options.enable_stable_row_ids};
    return table::CreateTable(store, std::move(transaction), create, {.sync = sync});
  }
  if (options.must_create) throw AlreadyExists("Dataset already exists: '{}'", store->root());
  const std::optional<uint64_t> read_version = transaction.read_version() == 0 ? std::nullopt : std::optional(transaction.read_version());
  table::Snapshot read = table::LoadSnapshot(store, read_version);
  read.is_serializable = options.unchanged;
  transaction.set_read_version(read.version());
  if (transaction.has_restore() && !options.detached) return table::Restore(table::LoadSnapshot(store, transaction.restore().version()), {.sync = sync});
  if (options.detached) return table::CommitDetached(read, std::move(transaction), {.sync = sync}, version);
  return table::Commit(read, std::move(transaction), {.sync = sync, .max_attempts = std::max<uint32_t>(1, options.max_retries)}, version);
}

std::optional<table::DataFragmentProto> DeleteFromFragment(const query::TableReader& table, size_t fragment, const SqlExpression& filter) {
  NewDeletions deletions(table, SyncsFor(Durability::kDefault));
  VisitMatches(table, filter, std::vector<uint64_t>{table.snapshot().manifest->fragment(fragment).id()},
               [&](std::span<const uint64_t> addresses) { deletions.Add(addresses); });
  return Finish(table, fragment, &deletions);
}

std::optional<table::DataFragmentProto> DeleteFromFragment(const query::TableReader& table, size_t fragment, std::span<const uint64_t> offsets) {
  const query::FragmentReader& reader = table.fragment(fragment);
  const uint64_t physical_rows = reader.physical_rows(table.context(nullptr));
  const rows::DeletionVector* gone = reader.deletions(table.context(nullptr));
  std::set<uint64_t> addresses;
  for (const uint64_t offset : offsets) {
    if (offset >= physical_rows) throw Invalid("delete_rows: offset {} is out of range, fragment {} has {} rows", offset, reader.id(), physical_rows);
    if (!gone || !gone->IsDeleted(offset)) addresses.insert(reader.id() << 32 | offset);
  }
  NewDeletions deletions(table, SyncsFor(Durability::kDefault));
  deletions.Add(std::vector<uint64_t>(addresses.begin(), addresses.end()));
  return Finish(table, fragment, &deletions);
}

ChangedFragment AddToFragment(const table::Snapshot& read, size_t fragment, const std::vector<ComputedColumn>& columns, const ColumnOptions& options) {
  const ComputedFragments computed(read, columns, options.session ? options.session : Session::Default());
  const LanceSchema added = NewColumns(*read.manifest, *computed.schema());
  LanceSchema schema = WithColumns(*read.manifest, added);
  ColumnMerge merge(read, added, schema, options);
  computed.Write(fragment, &merge);
  return Finish(&merge, fragment, std::move(schema));
}

ChangedFragment AddToFragment(const table::Snapshot& read, size_t fragment, RecordBatchReader& data, bool replace, const ColumnOptions& options) {
  const LanceSchema& table = read.manifest->schema();
  const LanceSchema added = replace ? ColumnsOfTable(table, *data.schema()) : NewColumns(*read.manifest, *data.schema());
  LanceSchema schema = replace ? table : WithColumns(*read.manifest, added);
  ColumnMerge merge(read, added, schema, options);
  const auto same = WithTableWidths(data, added);
  AlignedReader aligned(*same, added);
  LiveRowStream rows(aligned);
  merge.Write(fragment, rows);
  rows.RequireEnd();
  ChangedFragment changed = Finish(&merge, fragment, std::move(schema));
  if (replace) Invalidate(added, &changed.fragment);
  return changed;
}

}  // namespace eider::mutate
