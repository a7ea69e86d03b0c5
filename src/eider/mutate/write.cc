#include "eider/mutate/write.h"

#include <cstdlib>

#include "eider/base/error.h"
#include "eider/mutate/align.h"
#include "eider/mutate/commit_files.h"
#include "eider/mutate/worker.h"
#include "eider/mutate/write_fragments.h"
#include "eider/schema/match.h"
#include "eider/schema/field_proto.h"

namespace eider::mutate {
namespace {

WriteFragmentsOptions FragmentOptions(const WriteOptions& options, const std::string& storage_version, DataPlaces places) {
  return {.version = WritableVersion(storage_version),
          .max_rows_per_file = options.max_rows_per_file,
          .max_bytes_per_file = options.max_bytes_per_file,
          .checksums = options.checksums,
          .sync = SyncsFor(options.durability),
          .external_blobs = options.external_blobs,
          .blob_pack_file_bytes = options.blob_pack_file_bytes,
          .max_page_bytes = options.max_page_bytes,
          .encoding = {options.encoding.profile == EncodingProfile::kCompact, options.encoding.columns},
          .places = std::move(places),
          .progress = options.progress,
          .session = options.session ? options.session : Session::Default()};
}

void RequireNoInitialBases(const WriteOptions& options) {
  if (options.initial_bases.empty()) return;
  throw Invalid("initial_bases ('{}', ...) can be given only when a table is created: add_bases adds to one that exists",
                options.initial_bases.front().path);
}

/// Those of the first version, in its transaction too.
DataPlaces PlacesOfNew(const io::ObjectStorePtr& store, const WriteOptions& options, table::TransactionProto::Overwrite* overwrite) {
  const std::vector<::lance::table::BasePath> bases = NewBases(*store, options.initial_bases);
  overwrite->mutable_initial_bases()->Assign(bases.begin(), bases.end());
  return PlacesOf(store, bases, options.target_bases);
}

/// A job that runs again may say again what the table was made with.
template <typename Entries>
void RequireSame(const char* what, const std::map<std::string, std::string>& asked, const Entries& has) {
  for (const auto& [key, value] : asked) {
    const auto found = has.find(key);
    if (found != has.end() && found->second == value) continue;
    throw Unsupported("{} '{}' = '{}': a write can set it only when it creates the table, which has {}", what, key, value,
                      found == has.end() ? "none" : fmt::format("'{}'", found->second));
  }
}

/// What can only be chosen when a table is made. Naming of manifests is not asked: its default is the usual choice.
void RequireSettled(const table::Manifest& manifest, const WriteOptions& options) {
  if (options.enable_stable_row_ids && !manifest.uses_stable_row_ids()) {
    throw Unsupported("enable_stable_row_ids: it can be set only when a table is created; this one exists without them");
  }
  RequireSame("table_metadata", options.table_metadata, manifest.head().table_metadata());
  RequireSame("config", options.config, manifest.config());
  RequireNoInitialBases(options);
}

void RequireSameVersion(const std::string& asked, const std::string& current) {
  if (asked.empty()) return;
  const std::string version = WritableVersion(asked).ToString();
  if (version != current) throw Unsupported("appending data files of version {} to a table of version {}", version, current);
}

table::TransactionProto NewTransaction(uint64_t read_version, const WriteOptions& options) {
  table::TransactionProto transaction = table::NewTransaction(read_version);
  for (const auto& [key, value] : options.transaction_properties) {
    (*transaction.mutable_transaction_properties())[key] = value;
  }
  return transaction;
}

/// Writes the files of an overwrite (or of the first version) and fills in its transaction.
void WriteAll(RecordBatchReader& data, NewDataFiles* files, table::TransactionProto::Overwrite* overwrite) {
  const LanceSchema schema = TableColumns(*data.schema(), files->options().version);
  SchemaToProto(schema, overwrite->mutable_schema(), overwrite->mutable_schema_metadata());
  AlignedReader aligned(data, schema);
  for (table::DataFragmentProto& fragment : WriteFragments(aligned, schema, files)) {
    *overwrite->add_fragments() = std::move(fragment);
  }
}

/// Those that the data bring. What they lack is null, and in no file: it can be filled in later.
LanceSchema ColumnsOfAppend(const LanceSchema& table, const Schema& data) {
  InContext([] { return "Append with different schema"; }, [&] { return MatchForAppend(table, data); });
  LanceSchema columns = table;
  std::erase_if(columns.fields, [&](const LanceField& field) { return field.nullable && data.FieldIndex(field.name) < 0; });
  return columns.fields.empty() ? table : columns;
}

}  // namespace

bool SyncsFor(Durability durability) {
  if (durability != Durability::kDefault) return durability == Durability::kFull;
  const char* value = std::getenv("EIDER_DURABILITY");
  const std::string_view text = value ? value : "full";
  if (text != "full" && text != "none") throw Invalid("EIDER_DURABILITY='{}': it must be full or none", text);
  return text == "full";
}

table::TransactionProto WriteUncommitted(const io::ObjectStorePtr& store, RecordBatchReader& data, const WriteOptions& options) {
  const bool exists = table::TableExists(*store);
  if (exists && options.mode == WriteMode::kCreate) throw AlreadyExists("Dataset already exists: '{}'", store->root());
  const table::Snapshot read = exists ? table::LoadSnapshot(store) : table::Snapshot();
  const bool appends = exists && options.mode == WriteMode::kAppend;
  if (appends) RequireSameVersion(options.data_storage_version, read.manifest->data_storage_version());
  std::string version = options.data_storage_version;
  if (version.empty()) version = appends ? read.manifest->data_storage_version() : "2.2";
  table::TransactionProto transaction = NewTransaction(exists ? read.version() : 0, options);
  if (exists) RequireNoInitialBases(options);
  NewDataFiles files(store, FragmentOptions(options, version, exists ? PlacesOf(read, options.target_bases)
                                                                     : PlacesOfNew(store, options, transaction.mutable_overwrite())));
  if (appends) {
    const auto rows = WithTableWidths(data, read.manifest->schema());
    const LanceSchema columns = ColumnsOfAppend(read.manifest->schema(), *rows->schema());
    AlignedReader aligned(*rows, columns);
    transaction.mutable_append();
    for (table::DataFragmentProto& fragment : WriteFragments(aligned, columns, &files)) {
      *transaction.mutable_append()->add_fragments() = std::move(fragment);
    }
  } else {
    WriteAll(data, &files, transaction.mutable_overwrite());
  }
  files.Keep();
  return transaction;
}

table::Snapshot Create(const io::ObjectStorePtr& store, RecordBatchReader& data, const WriteOptions& options) {
  if (table::TableExists(*store)) throw AlreadyExists("Dataset already exists: '{}'", store->root());
  const std::string version = options.data_storage_version.empty() ? "2.2" : options.data_storage_version;
  table::TransactionProto transaction = NewTransaction(0, options);
  NewDataFiles files(store, FragmentOptions(options, version, PlacesOfNew(store, options, transaction.mutable_overwrite())));
  WriteAll(data, &files, transaction.mutable_overwrite());
  for (const auto& [key, value] : options.config) (*transaction.mutable_overwrite()->mutable_config_upsert_values())[key] = value;
  const table::CreateOptions create{
      .naming = options.enable_v2_manifest_paths ? table::Naming::kV2 : table::Naming::kV1,
      .data_storage_version = files.options().version.ToString(),
      .stable_row_ids = options.enable_stable_row_ids,
      .table_metadata = options.table_metadata,
  };
  return CommitFiles(&files, [&] {
    return table::CreateTable(store, std::move(transaction), create, {.sync = files.options().sync});
  });
}

table::Snapshot Append(const table::Snapshot& read, RecordBatchReader& data, const WriteOptions& options) {
  const auto rows = WithTableWidths(data, read.manifest->schema());
  const LanceSchema columns = ColumnsOfAppend(read.manifest->schema(), *rows->schema());
  RequireSettled(*read.manifest, options);
  RequireSameVersion(options.data_storage_version, read.manifest->data_storage_version());
  NewDataFiles files(read.store, FragmentOptions(options, read.manifest->data_storage_version(), PlacesOf(read, options.target_bases)));
  AlignedReader aligned(*rows, columns);
  table::TransactionProto transaction = NewTransaction(read.version(), options);
  transaction.mutable_append();
  for (table::DataFragmentProto& fragment : WriteFragments(aligned, columns, &files)) {
    *transaction.mutable_append()->add_fragments() = std::move(fragment);
  }
  return CommitFiles(&files, [&] {
    return table::Commit(read, std::move(transaction), {.sync = files.options().sync, .session = files.options().session.get()});
  });
}

table::Snapshot Overwrite(const table::Snapshot& read, RecordBatchReader& data, const WriteOptions& options) {
  RequireSettled(*read.manifest, options);
  std::string version = options.data_storage_version;
  if (version.empty()) {
    // A table in a version that is only read here moves on to the default one.
    const std::string& current = read.manifest->data_storage_version();
    version = current == "2.0" || current == "2.1" ? current : "2.2";
  }
  NewDataFiles files(read.store, FragmentOptions(options, version, PlacesOf(read, options.target_bases)));
  table::TransactionProto transaction = NewTransaction(read.version(), options);
  WriteAll(data, &files, transaction.mutable_overwrite());
  return CommitFiles(&files, [&] {
    return table::Commit(read, std::move(transaction), {.sync = files.options().sync}, files.options().version.ToString());
  });
}

}  // namespace eider::mutate
