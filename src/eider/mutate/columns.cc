#include "eider/mutate/columns.h"

#include <algorithm>
#include <unordered_set>

#include "eider/base/error.h"
#include "eider/mutate/align.h"
#include "eider/mutate/commit_files.h"
#include "eider/mutate/fragment_rows.h"
#include "eider/mutate/retry.h"
#include "eider/mutate/write.h"
#include "eider/mutate/write_fragments.h"
#include "eider/schema/field_path.h"
#include "eider/schema/field_proto.h"

namespace eider::mutate {
namespace {

/// 1 + the highest id of the schema or of any file: ids are not used twice while a file still lists them.
int32_t NextFieldId(const table::Manifest& manifest) {
  int32_t max = manifest.schema().MaxId();
  for (size_t i = 0; i < manifest.num_fragments(); ++i) {
    for (const table::DataFileProto& file : manifest.fragment(i).proto().files()) {
      for (const int32_t id : file.fields()) max = std::max(max, id);
    }
  }
  if (max == INT32_MAX) throw Unsupported("adding columns: field ids are used up");
  return max + 1;
}

LanceSchema NewColumns(const table::Manifest& manifest, const Schema& columns) {
  if (columns.fields.empty()) throw Invalid("adding columns: there are none");
  for (const Field& field : columns.fields) {
    for (const LanceField& existing : manifest.schema().fields) {
      if (existing.name == field.name) throw Invalid("adding column '{}': the dataset has a column of this name", field.name);
    }
  }
  LanceSchema added = TableColumns(columns, WritableVersion(manifest.data_storage_version()), NextFieldId(manifest));
  added.metadata.clear();
  return added;
}

/// A merge of `read` with the columns added to its schema; fragments are filled in by the caller.
table::TransactionProto MergeTransaction(const table::Snapshot& read, const LanceSchema& added) {
  LanceSchema schema = read.manifest->schema();
  schema.fields.insert(schema.fields.end(), added.fields.begin(), added.fields.end());
  table::TransactionProto transaction = table::NewTransaction(read.version());
  SchemaToProto(schema, transaction.mutable_merge()->mutable_schema(), transaction.mutable_merge()->mutable_schema_metadata());
  const auto nullable = [](const LanceField& field) { return field.nullable; };
  transaction.mutable_merge()->set_preserves_nullability(std::all_of(added.fields.begin(), added.fields.end(), nullable));
  return transaction;
}

void RequireMergeable(const table::Manifest& manifest) {
  for (size_t i = 0; i < manifest.num_fragments(); ++i) {
    const table::Fragment& fragment = manifest.fragment(i);
    if (fragment.has_overlays()) throw Unsupported("fragment {}: data overlay files", fragment.id());
    if (fragment.physical_rows() == 0) {
      throw Unsupported("fragment {}: its number of rows is not recorded (written by a very old release)", fragment.id());
    }
  }
}

/// Writes one file per fragment and adds it to the fragment in the merge.
void WriteColumns(const table::Snapshot& read, RecordBatchReader& data, const LanceSchema& added, NewDataFiles* files,
                  table::TransactionProto::Merge* merge) {
  AlignedReader aligned(data, added);
  LiveRowStream stream(aligned);
  uint64_t num_live = 0;
  for (size_t i = 0; i < read.manifest->num_fragments(); ++i) {
    const table::Fragment& fragment = read.manifest->fragment(i);
    const uint64_t physical_rows = fragment.physical_rows();
    const rows::DeletionVectorPtr deletions = table::ReadDeletions(read, fragment, physical_rows);
    std::string name;
    const std::unique_ptr<file::FileWriter> writer = files->Create(added, &name);
    stream.Deal(physical_rows, deletions.get(), [&](const RecordBatch& batch) { writer->Write(batch); });
    num_live += deletions ? deletions->num_live() : physical_rows;
    table::DataFragmentProto* merged = merge->add_fragments();
    *merged = fragment.proto();
    *merged->add_files() = files->Finish(*writer, name);
  }
  stream.RequireEnd(num_live);
}

/// Removes the field that `segments` leads to; a struct left without children goes too. False when it is not there.
bool Remove(std::vector<LanceField>* fields, std::span<const std::string> segments, const std::string& path) {
  const auto at = std::find_if(fields->begin(), fields->end(), [&](const LanceField& f) { return f.name == segments[0]; });
  if (at == fields->end()) return false;
  if (segments.size() > 1) {
    if (at->logical_type != "struct" || at->IsLeaf()) {
      throw Invalid("dropping '{}': '{}' is a {}, only children of plain structs can be dropped", path, at->name, at->logical_type);
    }
    if (!Remove(&at->children, segments.subspan(1), path)) return false;
    if (!at->children.empty()) return true;
  }
  fields->erase(at);
  return true;
}

table::Snapshot DropOnce(const table::Snapshot& read, const std::vector<std::string>& paths, bool sync) {
  LanceSchema schema = read.manifest->schema();
  Project(schema, paths);  // every path must exist
  std::unordered_set<std::string> whole;  // of thousands, dropped in one pass
  for (const std::string& path : paths) {
    std::vector<std::string> segments = SplitFieldPath(path);
    if (segments.size() > 1) Remove(&schema.fields, segments, path);
    else whole.insert(std::move(segments[0]));
  }
  std::erase_if(schema.fields, [&](const LanceField& field) { return whole.contains(field.name); });
  if (schema.fields.empty()) throw Invalid("dropping columns: a dataset must keep at least one");
  table::TransactionProto transaction = table::NewTransaction(read.version());
  MetadataProto ignored;
  SchemaToProto(schema, transaction.mutable_project()->mutable_schema(), &ignored);
  transaction.mutable_project()->set_preserves_nullability(true);
  return table::Commit(read, std::move(transaction), {.sync = sync});
}

table::Snapshot AddNullsOnce(const table::Snapshot& read, const Schema& columns, bool sync) {
  const LanceSchema added = NewColumns(*read.manifest, columns);
  table::TransactionProto transaction = MergeTransaction(read, added);
  for (size_t i = 0; i < read.manifest->num_fragments(); ++i) {
    *transaction.mutable_merge()->add_fragments() = read.manifest->fragment(i).proto();
  }
  return table::Commit(read, std::move(transaction), {.sync = sync});
}

}  // namespace

table::Snapshot AddColumns(const table::Snapshot& read, RecordBatchReader& data, const ColumnOptions& options) {
  const LanceSchema added = NewColumns(*read.manifest, *data.schema());
  RequireMergeable(*read.manifest);
  WriteFragmentsOptions files_options;
  files_options.version = WritableVersion(read.manifest->data_storage_version());
  files_options.sync = SyncsFor(options.durability);
  files_options.session = options.session ? options.session : Session::Default();
  NewDataFiles files(read.store, std::move(files_options));
  table::TransactionProto transaction = MergeTransaction(read, added);
  WriteColumns(read, data, added, &files, transaction.mutable_merge());
  return CommitFiles(&files, [&] { return table::Commit(read, std::move(transaction), {.sync = files.options().sync}); });
}

table::Snapshot AddNullColumns(const table::Snapshot& read, const Schema& columns, const ColumnOptions& options) {
  for (const Field& field : columns.fields) {
    if (!field.nullable) throw Invalid("adding column '{}' of nulls: it is not nullable", field.name);
  }
  WritableVersion(read.manifest->data_storage_version());
  const bool sync = SyncsFor(options.durability);
  return RunWithRetries(read, {}, [&](const table::Snapshot& now) { return AddNullsOnce(now, columns, sync); });
}

table::Snapshot DropColumns(const table::Snapshot& read, const std::vector<std::string>& paths, const ColumnOptions& options) {
  if (paths.empty()) throw Invalid("dropping columns: there are none");
  WritableVersion(read.manifest->data_storage_version());
  const bool sync = SyncsFor(options.durability);
  return RunWithRetries(read, {}, [&](const table::Snapshot& now) { return DropOnce(now, paths, sync); });
}

}  // namespace eider::mutate
