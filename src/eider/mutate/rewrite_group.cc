#include "eider/mutate/rewrite_group.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/mutate/align.h"
#include "eider/mutate/merge_files.h"
#include "eider/mutate/row_lineage.h"
#include "eider/mutate/whole_rows.h"
#include "eider/mutate/write.h"
#include "eider/table/changed_files.h"

namespace eider::mutate {
namespace {

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

RewrittenGroup MergeFiles(const query::TableReader& table, size_t fragment, NewDataFiles* files) {
  const table::DataFragmentProto& before = table.snapshot().manifest->fragment(fragment).proto();
  RewrittenGroup out{.merges_files = true};
  *out.fragments.add_old_fragments() = before;
  *out.fragments.add_new_fragments() = MergeSmallFiles(table, fragment, files);
  out.metrics.files_added = 1;
  out.metrics.files_removed = static_cast<uint64_t>(before.files_size() + 1 - out.fragments.new_fragments(0).files_size());
  return out;
}

}  // namespace

WriteFragmentsOptions CompactedFiles(const table::Snapshot& read, const CompactionOptions& options, const std::shared_ptr<Session>& session) {
  return {.version = WritableVersion(read.manifest->data_storage_version()),
          .max_rows_per_file = options.target_rows_per_fragment,
          .max_bytes_per_file = options.max_bytes_per_file,
          .sync = SyncsFor(options.change.durability),
          .session = session};
}

RewrittenGroup RewriteGroup(const query::TableReader& table, const CompactionGroup& group, NewDataFiles* files) {
  const table::Manifest& manifest = *table.snapshot().manifest;
  RewrittenGroup out;
  std::vector<uint64_t> ids;
  uint64_t num_rows = 0;
  for (const size_t position : group.fragments) {
    const table::Fragment& fragment = manifest.fragment(position);
    if (fragment.has_overlays()) throw Unsupported("compaction: fragment {} has data overlay files", fragment.id());
    if (group.merges_files) return MergeFiles(table, position, files);
    ids.push_back(fragment.id());
    num_rows += table.Starts()[position + 1] - table.Starts()[position];
    *out.fragments.add_old_fragments() = fragment.proto();
    out.metrics.files_removed += static_cast<uint64_t>(fragment.num_files()) + fragment.has_deletions();
  }
  RequireOwnBlobs(table, ids);
  // Of one size each, rather than a rest that would be compacted again: as many as the target goes into the rows.
  const uint64_t target = std::max<uint64_t>(1, files->options().max_rows_per_file), parts = std::max<uint64_t>(1, num_rows / target);
  RowLineage lineage(manifest, Rewriting::kMove);
  RowsOfFragments rows(table, std::move(ids), &lineage);
  AlignedReader aligned(rows, manifest.schema());
  std::vector<table::DataFragmentProto> fragments = WriteFragments(aligned, manifest.schema(), files, (num_rows + parts - 1) / parts);
  lineage.GiveTo(fragments);
  for (table::DataFragmentProto& fragment : fragments) *out.fragments.add_new_fragments() = std::move(fragment);
  out.metrics.fragments_removed = group.fragments.size();
  out.metrics.fragments_added = out.metrics.files_added = static_cast<uint64_t>(out.fragments.new_fragments_size());
  return out;
}

void AddTo(const RewrittenGroup& group, table::TransactionProto* transaction) {
  if (!group.merges_files) {
    *transaction->mutable_rewrite()->add_groups() = group.fragments;
    return;
  }
  *transaction->mutable_update()->add_updated_fragments() = group.fragments.new_fragments(0);
  table::SetSameValues(transaction);
}

bool StandsIn(const table::Manifest& manifest, const RewrittenGroup& group) {
  return std::ranges::all_of(group.fragments.old_fragments(), [&](const table::DataFragmentProto& read) {
    const std::optional<size_t> at = manifest.FindFragment(read.id());
    return at && manifest.fragment(*at).proto().SerializeAsString() == read.SerializeAsString();
  });
}

}  // namespace eider::mutate
