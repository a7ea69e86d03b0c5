#include "eider/mutate/update.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/expr/portions.h"
#include "eider/mutate/align.h"
#include "eider/mutate/commit_files.h"
#include "eider/mutate/new_deletions.h"
#include "eider/mutate/read_rows.h"
#include "eider/mutate/retry.h"
#include "eider/mutate/row_lineage.h"
#include "eider/mutate/update_operation.h"
#include "eider/mutate/whole_rows.h"
#include "eider/mutate/write.h"
#include "eider/mutate/write_fragments.h"
#include "eider/query/bound_expression.h"
#include "eider/query/row_width.h"
#include "eider/query/table_reader.h"
#include "eider/schema/field_path.h"
#include "eider/table/commit.h"

namespace eider::mutate {
namespace {

/// New values that are made at once, of the budget, and at most.
constexpr uint64_t kMadeParts = 8, kMostMadeBytes = 8 << 20;

/// The rows to update, with their new values. Where they were is marked as deleted as they go by.
class UpdatedRows final : public RecordBatchReader {
 public:
  UpdatedRows(const query::TableReader& table, const std::vector<ComputedColumn>& updates, const std::optional<SqlExpression>& filter,
              NewDeletions* deletions, RowLineage* lineage)
      : deletions_(*deletions), lineage_(*lineage), portions_(query::TaskBytes(*table.session(), kMadeParts, kMostMadeBytes)) {
    const LanceSchema& columns = table.snapshot().manifest->schema();
    ScanOptions options = WholeRows(columns);
    options.filter = filter;
    lineage_.AddColumns(&options);
    options.with_row_address = true;
    rows_ = table.Scan(options);
    schema_ = std::make_shared<const Schema>(WholeRowsSchema(*rows_->schema(), columns));
    for (const ComputedColumn& update : updates) Bind(update);
  }

  const SchemaPtr& schema() const override { return schema_; }

  std::optional<RecordBatch> Next() override {
    while (before_.num_rows == 0) {
      std::optional<RecordBatch> batch = rows_->Next();
      if (!batch) return std::nullopt;
      before_ = std::move(*batch);
      deletions_.Add(query::UInt64Values(*before_.columns.back()));
    }
    RecordBatch out;
    const int64_t rows = portions_.Next(before_.num_rows, [&](int64_t count) { out = Updated(SliceBatch(before_, 0, count)); });
    before_ = SliceBatch(before_, rows, before_.num_rows - rows);
    out.columns.pop_back();
    lineage_.Take(&out);
    out.schema = schema_;
    return out;
  }

 private:
  struct Update {
    size_t column;
    std::shared_ptr<const expr::Expression> value;
    query::ColumnPlaces places;
  };

  RecordBatch Updated(const RecordBatch& before) const {
    RecordBatch out = before;
    for (const Update& update : updates_) out.columns[update.column] = update.value->Evaluate(update.places.Find(before.columns), before.num_rows);
    return out;
  }

  void Bind(const ComputedColumn& update) {
    const int column = schema_->FieldIndex(update.name);
    if (column < 0) throw Invalid("update: there is no column '{}'", update.name);
    const auto is_same = [&](const Update& other) { return other.column == static_cast<size_t>(column); };
    if (std::any_of(updates_.begin(), updates_.end(), is_same)) throw Invalid("update: column '{}' is set twice", update.name);
    InContext([&] { return fmt::format("update of column '{}'", update.name); }, [&] {
      const auto value = query::ParseExpression(update.expression, *schema_)->As(schema_->fields[column].type);
      updates_.push_back({static_cast<size_t>(column), value, query::ColumnPlaces(value->columns(), *rows_->schema())});
    });
  }

  NewDeletions& deletions_;
  RowLineage& lineage_;
  std::unique_ptr<RecordBatchReader> rows_;
  SchemaPtr schema_;
  std::vector<Update> updates_;
  const expr::Portions portions_;
  RecordBatch before_;  ///< of the latest batch, what is left to update
};

Changed UpdateOnce(const table::Snapshot& read, const std::vector<ComputedColumn>& updates, const std::optional<SqlExpression>& filter,
                   const ChangeOptions& options, const std::shared_ptr<Session>& session) {
  const auto table = std::make_shared<const query::TableReader>(read, session);
  const bool sync = SyncsFor(options.durability);
  RequireOwnBlobs(*table);
  NewDeletions deletions(*table, sync);
  NewDataFiles files(read.store, {.version = WritableVersion(read.manifest->data_storage_version()), .sync = sync, .session = session});
  RowLineage lineage(*read.manifest, Rewriting::kUpdate);
  UpdatedRows rows(*table, updates, filter, &deletions, &lineage);
  const LanceSchema& schema = read.manifest->schema();
  AlignedReader aligned(rows, schema);
  table::TransactionProto transaction = table::NewTransaction(read.version());
  table::TransactionProto::Update& update = *transaction.mutable_update();
  std::vector<table::DataFragmentProto> fragments = WriteFragments(aligned, schema, &files);
  lineage.GiveTo(fragments);
  for (table::DataFragmentProto& fragment : fragments) *update.add_new_fragments() = std::move(fragment);
  deletions.Finish();
  if (deletions.num_deleted() == 0) return {read, 0};
  deletions.FillIn(&transaction);
  for (const ComputedColumn& column : updates) AddAssigned(*schema.FindPath(QuoteSegment(column.name)), &update);
  const table::CommitOptions how{
      .sync = sync, .merge_rows = deletions.Merger(), .check_reads = ReadsRows(options.isolation, filter, session)};
  const auto commit = [&] { return table::Commit(read, std::move(transaction), how); };
  return {CommitFiles(&files, [&] { return CommitFiles(&deletions, commit); }), deletions.num_deleted()};
}

}  // namespace

Changed UpdateRows(const table::Snapshot& read, const std::vector<ComputedColumn>& updates, const std::optional<SqlExpression>& filter,
                   const ChangeOptions& options, const std::shared_ptr<Session>& session) {
  if (updates.empty()) throw Invalid("update: there are no columns to set");
  return RunWithRetries(read, options, [&](const table::Snapshot& now) { return UpdateOnce(now, updates, filter, options, session); });
}

}  // namespace eider::mutate
