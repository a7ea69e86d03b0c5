#include "eider/mutate/column_merge.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/mutate/commit_files.h"
#include "eider/mutate/write.h"
#include "eider/schema/field_proto.h"
#include "eider/table/conflict.h"

namespace eider::mutate {
namespace {

void RequireMergeable(const table::Fragment& fragment) {
  if (fragment.has_overlays()) throw Unsupported("fragment {}: data overlay files", fragment.id());
  if (fragment.physical_rows() == 0) {
    throw Unsupported("fragment {}: its number of rows is not recorded (written by a very old release)", fragment.id());
  }
}

WriteFragmentsOptions FilesOptions(const table::Snapshot& read, const ColumnOptions& options) {
  WriteFragmentsOptions files;
  files.version = WritableVersion(read.manifest->data_storage_version());
  files.sync = SyncsFor(options.durability);
  files.session = options.session ? options.session : Session::Default();
  return files;
}

}  // namespace

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

LanceSchema WithColumns(const table::Manifest& manifest, const LanceSchema& added) {
  LanceSchema schema = manifest.schema();
  schema.fields.insert(schema.fields.end(), added.fields.begin(), added.fields.end());
  return schema;
}

ColumnMerge::ColumnMerge(const table::Snapshot& read, LanceSchema added, const LanceSchema& schema, const ColumnOptions& options)
    : read_(read), added_(std::move(added)), transaction_(table::NewTransaction(read.version())) {
  files_.emplace(read.store, FilesOptions(read, options));
  table::TransactionProto::Merge& merge = *transaction_.mutable_merge();
  SchemaToProto(schema, merge.mutable_schema(), merge.mutable_schema_metadata());
  merge.set_preserves_nullability(!table::AsksForMore(read.manifest->schema(), schema));
  for (size_t i = 0; i < read.manifest->num_fragments(); ++i) *merge.add_fragments() = read.manifest->fragment(i).proto();
}

void ColumnMerge::Write(size_t i, LiveRowStream& rows) {
  const table::Fragment& fragment = read_.manifest->fragment(i);
  RequireMergeable(fragment);
  const rows::DeletionVectorPtr deletions = table::ReadDeletions(read_, fragment, fragment.physical_rows());
  std::string name;
  const std::unique_ptr<file::FileWriter> writer = files_->Create(added_, &name);
  rows.Deal(fragment.physical_rows(), deletions.get(), [&](const RecordBatch& batch) { writer->Write(batch); });
  *transaction_.mutable_merge()->mutable_fragments(static_cast<int>(i))->add_files() = files_->Finish(*writer, name);
}

table::Snapshot ColumnMerge::Commit() {
  return CommitFiles(&*files_, [&] { return table::Commit(read_, std::move(transaction_), {.sync = files_->options().sync}); });
}

}  // namespace eider::mutate
