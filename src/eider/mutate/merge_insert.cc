#include "eider/mutate/merge_insert.h"

#include <algorithm>
#include <cctype>

#include "eider/base/error.h"
#include "eider/mutate/align.h"
#include "eider/mutate/commit_files.h"
#include "eider/mutate/merged_rows.h"
#include "eider/mutate/retry.h"
#include "eider/mutate/update_operation.h"
#include "eider/mutate/write.h"
#include "eider/mutate/write_fragments.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/field_path.h"
#include "eider/schema/json_columns.h"
#include "eider/schema/match.h"
#include "eider/table/commit.h"

namespace eider::mutate {
namespace {

using Fields = std::vector<const LanceField*>;

/// By position in the key, those without one in the order of the table.
Fields PrimaryKey(const LanceSchema& schema) {
  Fields fields;
  for (const LanceField& field : schema.fields) {
    if (field.unenforced_primary_key) fields.push_back(&field);
  }
  std::ranges::stable_sort(fields, {}, [](const LanceField* field) { return field->unenforced_primary_key_position; });
  return fields;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// By name, or by the one name that differs from it in case alone.
const LanceField* FindColumn(const LanceSchema& schema, const std::string& name) {
  auto found = std::ranges::find(schema.fields, name, &LanceField::name);
  const auto is_alike = [&](const LanceField& field) { return EqualIgnoringCase(field.name, name); };
  if (found == schema.fields.end() && std::ranges::count_if(schema.fields, is_alike) == 1) found = std::ranges::find_if(schema.fields, is_alike);
  if (found == schema.fields.end()) throw NotFound("merge_insert: {}", NoColumn(name, schema.Names()));
  if (HasBlobs(*found) || IsJson(*found)) throw Unsupported("merge_insert: the key column '{}' holds {}", name, HasBlobs(*found) ? "blobs" : "JSON");
  return &*found;
}

Fields KeyFields(const LanceSchema& schema, const std::vector<std::string>& on) {
  Fields fields;
  for (const std::string& name : on) {
    const LanceField* field = FindColumn(schema, name);
    if (std::ranges::find(fields, field) == fields.end()) fields.push_back(field);
  }
  if (on.empty()) fields = PrimaryKey(schema);
  if (fields.empty()) throw Invalid("merge_insert: name the key columns: the table has no primary key");
  return fields;
}

/// Paths of the key columns, which the source must have, in the table's types.
std::vector<std::string> KeyPaths(const Fields& keys, const Schema& source) {
  std::vector<std::string> paths;
  for (const LanceField* key : keys) {
    const int at = source.FieldIndex(key->name);
    if (at < 0) throw Invalid("merge_insert: the source has no column '{}', which is a key", key->name);
    LanceSchema column{.fields = {*key}, .metadata = {}};
    MatchForAppend(column, {.fields = {source.fields[static_cast<size_t>(at)]}, .metadata = {}});
    paths.push_back(QuoteSegment(key->name));
  }
  return paths;
}

void RequireSense(const MergeInsertOptions& options) {
  if (options.update_condition && options.when_matched != WhenMatched::kUpdateAll) throw Invalid("merge_insert: a condition on updates, and no updates");
  if (options.delete_condition && !options.delete_not_matched_by_source) throw Invalid("merge_insert: a condition on deletes, and no deletes");
  const bool idle = options.when_matched == WhenMatched::kDoNothing && !options.insert_not_matched && !options.delete_not_matched_by_source;
  if (idle) throw Invalid("merge_insert: it is not told to change anything: update or delete matched rows, insert new ones, or delete others");
}

void DeleteUnmatched(const query::TableReader& table, const std::optional<SqlExpression>& condition, MergeOutcome* outcome) {
  const uint64_t before = outcome->gone.num_marked();
  if (condition) {
    const auto rows = table.Scan({.columns = std::vector<std::string>(), .filter = condition, .batch_rows = 1 << 16, .with_row_address = true});
    while (const std::optional<RecordBatch> batch = rows->Next()) {
      const Array& addresses = *batch->columns[0];
      for (int64_t i = 0; i < addresses.length; ++i) {
        const uint64_t address = addresses.buffers[0].as<uint64_t>()[addresses.offset + i];
        if (!outcome->seen.IsMarked(address)) outcome->gone.Mark(address);
      }
    }
  } else {
    outcome->gone.MarkUnmarked(outcome->seen);
  }
  outcome->metrics.num_deleted_rows += outcome->gone.num_marked() - before;
}

std::vector<table::DataFragmentProto> WriteRows(MergedRows& rows, const LanceSchema& schema, const MergeInsertOptions& options,
                                                NewDataFiles* files) {
  if (options.when_matched == WhenMatched::kUpdateAll || options.insert_not_matched) {
    AlignedReader aligned(rows, schema);
    return WriteFragments(aligned, schema, files);
  }
  while (rows.Next()) {
  }
  return {};
}

Merged MergeOnce(const table::Snapshot& read, const MergeSource& source, const MergeInsertOptions& options,
                 const std::shared_ptr<Session>& session) {
  const auto table = std::make_shared<const query::TableReader>(read, session);
  const LanceSchema& schema = read.manifest->schema();
  const Fields keys = KeyFields(schema, options.on);
  KeyPaths(keys, *source.schema());
  const bool sync = SyncsFor(options.change.durability);
  NewDataFiles files(read.store, {.version = WritableVersion(read.manifest->data_storage_version()), .sync = sync, .session = session});
  NewDeletions deletions(*table, sync);
  MergeOutcome outcome(*table, table::InsertedKeys(keys, keys == PrimaryKey(schema)));
  table::TransactionProto transaction = table::NewTransaction(read.version());
  table::TransactionProto::Update& update = *transaction.mutable_update();
  RowLineage lineage(*read.manifest, Rewriting::kUpdate);
  MergedRows rows(*table, source, options, &outcome, &lineage);
  std::vector<table::DataFragmentProto> fragments = WriteRows(rows, schema, options, &files);
  lineage.GiveTo(fragments);
  for (table::DataFragmentProto& fragment : fragments) *update.add_new_fragments() = std::move(fragment);
  if (options.delete_not_matched_by_source) DeleteUnmatched(*table, options.delete_condition, &outcome);
  outcome.gone.AddTo(&deletions);
  deletions.Finish();
  if (deletions.num_deleted() == 0 && update.new_fragments_size() == 0) return {read, outcome.metrics};
  AddDeletions(deletions, &update);
  for (const LanceField& field : schema.fields) AddAssigned(field, &update);
  outcome.inserted.FillIn(update.mutable_inserted_rows());
  const auto commit = [&] { return table::Commit(read, std::move(transaction), {.sync = sync}); };
  return {CommitFiles(&files, [&] { return CommitFiles(&deletions, commit); }), outcome.metrics};
}

}  // namespace

Merged MergeInsert(const table::Snapshot& read, RecordBatchReader& source, const MergeInsertOptions& options,
                   const std::shared_ptr<Session>& session) {
  RequireSense(options);
  const MergeSource kept(source, KeyPaths(KeyFields(read.manifest->schema(), options.on), *source.schema()), session->budget());
  return RunWithRetries(read, options.change, [&](const table::Snapshot& now) { return MergeOnce(now, kept, options, session); });
}

}  // namespace eider::mutate
