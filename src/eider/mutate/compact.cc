#include "eider/mutate/compact.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/mutate/align.h"
#include "eider/mutate/commit_files.h"
#include "eider/mutate/retry.h"
#include "eider/mutate/row_lineage.h"
#include "eider/mutate/whole_rows.h"
#include "eider/mutate/write.h"
#include "eider/mutate/write_fragments.h"
#include "eider/table/commit.h"

namespace eider::mutate {
namespace {

enum class Need { kNone, kWithNeighbours, kAlone };

Need NeedOf(uint64_t physical_rows, uint64_t live_rows, const CompactionOptions& options) {
  const double deleted = static_cast<double>(physical_rows - live_rows) / static_cast<double>(std::max<uint64_t>(1, physical_rows));
  if (options.materialize_deletions && deleted > options.materialize_deletions_threshold) return Need::kAlone;
  return physical_rows < options.target_rows_per_fragment ? Need::kWithNeighbours : Need::kNone;
}

/// Cuts a run of fragments into groups of about the wanted rows, so that none waits for all, and adds those that are worth it.
class Groups {
 public:
  explicit Groups(uint64_t target_rows) : target_rows_(target_rows) {}
  void Add(size_t fragment, uint64_t live_rows, Need need) {
    if (need == Need::kNone) return Close();
    current_.push_back(fragment);
    rows_ += live_rows;
    worth_ |= need == Need::kAlone || current_.size() > 1;
    if (rows_ >= target_rows_) Close();
  }
  std::vector<std::vector<size_t>> Finish() {
    Close();
    return std::move(groups_);
  }

 private:
  void Close() {
    if (worth_) groups_.push_back(current_);
    current_.clear();
    rows_ = 0;
    worth_ = false;
  }

  const uint64_t target_rows_;
  std::vector<std::vector<size_t>> groups_;
  std::vector<size_t> current_;
  uint64_t rows_ = 0;
  bool worth_ = false;
};

/// A scan with the schema that the writer wants.
class RowsOfFragments final : public RecordBatchReader {
 public:
  RowsOfFragments(const query::TableReader& table, std::vector<uint64_t> ids, RowLineage* lineage) : lineage_(*lineage) {
    const LanceSchema& columns = table.snapshot().manifest->schema();
    ScanOptions options = WholeRows(columns);
    options.fragment_ids = std::move(ids);
    lineage_.AddColumns(&options);
    rows_ = table.Scan(options);
    schema_ = std::make_shared<const Schema>(WholeRowsSchema(*rows_->schema(), columns));
  }
  const SchemaPtr& schema() const override { return schema_; }
  std::optional<RecordBatch> Next() override {
    std::optional<RecordBatch> batch = rows_->Next();
    if (!batch) return std::nullopt;
    lineage_.Take(&*batch);
    batch->schema = schema_;
    return batch;
  }

 private:
  RowLineage& lineage_;
  std::unique_ptr<RecordBatchReader> rows_;
  SchemaPtr schema_;
};

void Rewrite(const query::TableReader& table, const std::vector<size_t>& group, NewDataFiles* files,
             table::TransactionProto::Rewrite::RewriteGroup* out, CompactionMetrics* metrics) {
  const table::Manifest& manifest = *table.snapshot().manifest;
  std::vector<uint64_t> ids;
  for (const size_t position : group) {
    const table::Fragment& fragment = manifest.fragment(position);
    if (fragment.has_overlays()) throw Unsupported("compaction: fragment {} has data overlay files", fragment.id());
    ids.push_back(fragment.id());
    *out->add_old_fragments() = fragment.proto();
    metrics->files_removed += static_cast<uint64_t>(fragment.num_files()) + fragment.has_deletions();
  }
  RequireOwnBlobs(table, ids);
  RowLineage lineage(manifest, Rewriting::kMove);
  RowsOfFragments rows(table, std::move(ids), &lineage);
  AlignedReader aligned(rows, manifest.schema());
  std::vector<table::DataFragmentProto> fragments = WriteFragments(aligned, manifest.schema(), files);
  lineage.GiveTo(fragments);
  for (table::DataFragmentProto& fragment : fragments) *out->add_new_fragments() = std::move(fragment);
  metrics->fragments_removed += group.size();
  metrics->fragments_added += static_cast<uint64_t>(out->new_fragments_size());
  metrics->files_added += static_cast<uint64_t>(out->new_fragments_size());
}

Compacted CompactOnce(const table::Snapshot& read, const CompactionOptions& options, const std::shared_ptr<Session>& session) {
  const auto table = std::make_shared<const query::TableReader>(read, session);
  const std::vector<std::vector<size_t>> groups = PlanCompaction(*table, options);
  if (groups.empty()) return {read, {}};
  const bool sync = SyncsFor(options.change.durability);
  NewDataFiles files(read.store, {.version = WritableVersion(read.manifest->data_storage_version()),
                                  .max_rows_per_file = options.target_rows_per_fragment,
                                  .max_bytes_per_file = options.max_bytes_per_file,
                                  .sync = sync,
                                  .session = session});
  table::TransactionProto transaction = table::NewTransaction(read.version());
  Compacted compacted;
  for (const std::vector<size_t>& group : groups) {
    Rewrite(*table, group, &files, transaction.mutable_rewrite()->add_groups(), &compacted.metrics);
  }
  compacted.snapshot = CommitFiles(&files, [&] { return table::Commit(read, std::move(transaction), {.sync = sync}); });
  return compacted;
}

}  // namespace

std::vector<std::vector<size_t>> PlanCompaction(const query::TableReader& table, const CompactionOptions& options) {
  Groups groups(options.target_rows_per_fragment);
  for (size_t i = 0; i < table.num_fragments(); ++i) {
    const file::ReadContext context = table.context(nullptr);
    const uint64_t live_rows = table.fragment(i).live_rows(context);
    groups.Add(i, live_rows, NeedOf(table.fragment(i).physical_rows(context), live_rows, options));
  }
  return groups.Finish();
}

Compacted CompactFiles(const table::Snapshot& read, const CompactionOptions& options, const std::shared_ptr<Session>& session) {
  if (options.target_rows_per_fragment == 0) throw Invalid("compaction: target_rows_per_fragment is 0");
  WritableVersion(read.manifest->data_storage_version());
  table::Snapshot moved = read;
  moved.is_serializable = false;  // no row changes, whatever was read
  return RunWithRetries(std::move(moved), options.change, [&](const table::Snapshot& now) { return CompactOnce(now, options, session); });
}

}  // namespace eider::mutate
