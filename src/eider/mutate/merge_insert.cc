#include "eider/mutate/merge_insert.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/mutate/align.h"
#include "eider/mutate/matching_rows.h"
#include "eider/mutate/merge_columns.h"
#include "eider/mutate/merge_end.h"
#include "eider/mutate/merge_keys.h"
#include "eider/mutate/merged_rows.h"
#include "eider/mutate/read_rows.h"
#include "eider/mutate/retry.h"
#include "eider/mutate/update_operation.h"
#include "eider/mutate/write.h"
#include "eider/mutate/write_fragments.h"
#include "eider/table/commit.h"

namespace eider::mutate {

void RequireSense(const MergeInsertOptions& options) {
  if (options.update_condition && options.when_matched != WhenMatched::kUpdateAll) throw Invalid("merge_insert: a condition on updates, and no updates");
  if (options.delete_condition && !options.delete_not_matched_by_source) throw Invalid("merge_insert: a condition on deletes, and no deletes");
  const bool idle = options.when_matched == WhenMatched::kDoNothing && !options.insert_not_matched && !options.delete_not_matched_by_source;
  if (idle) throw Invalid("merge_insert: it is not told to change anything: update or delete matched rows, insert new ones, or delete others");
}

namespace {

void DeleteUnmatched(const query::TableReader& table, const std::optional<SqlExpression>& condition, MergeOutcome* outcome) {
  const uint64_t before = outcome->gone.num_marked();
  if (condition) {
    VisitMatches(table, condition, std::nullopt, [&](std::span<const uint64_t> addresses) {
      for (const uint64_t address : addresses) {
        if (!outcome->seen.IsMarked(address)) outcome->gone.Mark(address);
      }
    });
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
                 const std::shared_ptr<Session>& session, MergeEnd end) {
  const auto table = std::make_shared<const query::TableReader>(read, session);
  const LanceSchema& schema = read.manifest->schema();
  const KeyColumns keys = KeyFields(schema, options.on);
  KeyPaths(keys, *source.schema());
  const bool sync = SyncsFor(options.change.durability);
  NewDataFiles files(read.store, {.version = WritableVersion(read.manifest->data_storage_version()),
                                  .sync = sync,
                                  .places = PlacesOf(read, options.target_bases),
                                  .session = session});
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
  if (deletions.num_deleted() == 0 && update.new_fragments_size() == 0) return {read, outcome.metrics, std::move(transaction)};
  deletions.FillIn(&transaction);
  for (const LanceField& field : schema.fields) AddAssigned(field, &update);
  outcome.inserted.FillIn(update.mutable_inserted_rows());
  const table::CommitOptions how{
      .sync = sync, .merge_rows = deletions.Merger(), .check_reads = ReadsRows(options.change.isolation, {}, session)};
  return EndMerge(read, {read, outcome.metrics, std::move(transaction)}, end, how, &files, &deletions);
}

}  // namespace

Merged MergeInsert(const table::Snapshot& read, RecordBatchReader& source, const MergeInsertOptions& options,
                   const std::shared_ptr<Session>& session, MergeEnd end) {
  RequireSense(options);
  const auto rows = WithTableWidths(source, read.manifest->schema());
  const MergeSource kept(*rows, KeyPaths(KeyFields(read.manifest->schema(), options.on), *rows->schema()), session->budget());
  const auto merge = options.write_mode == MergeWriteMode::kRewriteColumns ? MergeColumns : MergeOnce;
  return RunWithRetries(read, options.change, [&](const table::Snapshot& now) { return merge(now, kept, options, session, end); });
}

}  // namespace eider::mutate
