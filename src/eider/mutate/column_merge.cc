#include "eider/mutate/column_merge.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/mutate/commit_files.h"
#include "eider/mutate/write.h"
#include "eider/schema/blob_columns.h"
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

void GiveIds(LanceField* field, int32_t parent, int32_t* next_id) {
  field->id = (*next_id)++;
  field->parent_id = parent;
  for (LanceField& child : field->children) GiveIds(&child, field->id, next_id);
}

/// A struct, or the table.
struct Parent {
  int32_t id;
  std::string path;  ///< with a dot at its end
  int minor_version;
};

/// Adds fields that are not there, into structs that are.
void Graft(const std::vector<LanceField>& added, const Parent& parent, int32_t* next_id, std::vector<LanceField>* fields) {
  for (const LanceField& field : added) {
    const std::string path = parent.path + field.name;
    const auto known = std::ranges::find(*fields, field.name, &LanceField::name);
    if (known != fields->end()) {
      const auto is_open = [](const LanceField& one) { return one.logical_type == "struct" && !one.IsLeaf() && !HasBlobs(one); };
      if (!is_open(*known) || !is_open(field)) throw Invalid("adding column '{}': the dataset has a column of this name", path);
      if (parent.minor_version < 2) throw Unsupported("adding fields to struct '{}' in a table of version 2.{}: it takes 2.2", path, parent.minor_version);
      Graft(field.children, {known->id, path + ".", parent.minor_version}, next_id, &known->children);
      continue;
    }
    if (!field.nullable) throw Invalid("adding column '{}' of nulls: it is not nullable", path);
    GiveIds(&fields->emplace_back(field), parent.id, next_id);
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

LanceSchema WithNullFields(const table::Manifest& manifest, const Schema& columns) {
  if (columns.fields.empty()) throw Invalid("adding columns: there are none");
  const file::FileVersion version = WritableVersion(manifest.data_storage_version());
  LanceSchema schema = manifest.schema();
  int32_t next_id = NextFieldId(manifest);
  Graft(TableColumns(columns, version, next_id).fields, {.id = -1, .path = "", .minor_version = version.minor}, &next_id, &schema.fields);
  return schema;
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
