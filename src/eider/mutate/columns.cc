#include "eider/mutate/columns.h"

#include <algorithm>
#include <unordered_set>

#include "eider/base/error.h"
#include "eider/mutate/align.h"
#include "eider/mutate/column_merge.h"
#include "eider/mutate/computed_rows.h"
#include "eider/mutate/retry.h"
#include "eider/mutate/write.h"
#include "eider/schema/field_path.h"
#include "eider/schema/field_proto.h"
#include "eider/table/conflict.h"

namespace eider::mutate {
namespace {

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
  return CommitProject(read, schema, sync);
}

}  // namespace

table::Snapshot AddColumns(const table::Snapshot& read, RecordBatchReader& data, const ColumnOptions& options) {
  const LanceSchema added = NewColumns(*read.manifest, *data.schema());
  ColumnMerge merge(read, added, WithColumns(*read.manifest, added), options);
  AlignedReader aligned(data, added);
  LiveRowStream rows(aligned);
  for (size_t i = 0; i < read.manifest->num_fragments(); ++i) merge.Write(i, rows);
  rows.RequireEnd();
  return merge.Commit();
}

table::Snapshot AddComputedColumns(const table::Snapshot& read, const std::vector<ComputedColumn>& columns, const ColumnOptions& options) {
  return RunWithRetries(read, {}, [&](const table::Snapshot& now) {
    const ComputedFragments computed(now, columns, options.session ? options.session : Session::Default());
    const LanceSchema added = NewColumns(*now.manifest, *computed.schema());
    ColumnMerge merge(now, added, WithColumns(*now.manifest, added), options);
    if (!computed.are_null()) computed.WriteAll(&merge);  // fields that no file has are null
    return merge.Commit();
  });
}

table::Snapshot AddNullColumns(const table::Snapshot& read, const Schema& columns, const ColumnOptions& options) {
  WritableVersion(read.manifest->data_storage_version());
  return RunWithRetries(read, {}, [&](const table::Snapshot& now) {
    return ColumnMerge(now, {}, WithNullFields(*now.manifest, columns), options).Commit();
  });
}

table::Snapshot DropColumns(const table::Snapshot& read, const std::vector<std::string>& paths, const ColumnOptions& options) {
  if (paths.empty()) throw Invalid("dropping columns: there are none");
  WritableVersion(read.manifest->data_storage_version());
  const bool sync = SyncsFor(options.durability);
  return RunWithRetries(read, {}, [&](const table::Snapshot& now) { return DropOnce(now, paths, sync); });
}

table::Snapshot CommitProject(const table::Snapshot& read, const LanceSchema& schema, bool sync) {
  table::TransactionProto transaction = table::NewTransaction(read.version());
  MetadataProto ignored;
  SchemaToProto(schema, transaction.mutable_project()->mutable_schema(), &ignored);
  transaction.mutable_project()->set_preserves_nullability(!table::AsksForMore(read.manifest->schema(), schema));
  return table::Commit(read, std::move(transaction), {.sync = sync});
}

}  // namespace eider::mutate
