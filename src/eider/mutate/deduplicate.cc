#include "eider/mutate/deduplicate.h"

#include <eider/interrupt.h>

#include "eider/mutate/delete.h"
#include "eider/mutate/merge_keys.h"
#include "eider/mutate/merge_source.h"
#include "eider/mutate/new_deletions.h"
#include "eider/mutate/retry.h"
#include "eider/mutate/row_marks.h"
#include "eider/mutate/write.h"
#include "eider/query/table_reader.h"
#include "eider/schema/field_path.h"

namespace eider::mutate {
namespace {

constexpr const char* kDeduplicate = "deduplicate";

/// Marks the rows of a part, which holds every row of its keys, that are to go.
void MarkPart(const MergeSource& keys, const MergeSource::Part& part, KeepRow keep, RowMarks* gone, DeduplicationReport* report) {
  KeyIndex index(keys.budget(), part.num_rows);
  std::vector<uint64_t> addresses;
  BudgetCharge charge(keys.budget(), part.num_rows * sizeof(uint64_t), "row addresses");
  addresses.reserve(part.num_rows);
  for (const RecordBatch& batch : part.batches) {
    CheckInterrupt();
    const JoinKeys batch_keys = keys.KeysOf(batch);
    for (int64_t row = 0; row < batch.num_rows; ++row) report->num_null_keys += batch_keys.IsNull(row);
    index.Add(batch_keys);
    const Array& column = *batch.columns.back();
    const uint64_t* values = column.buffers[0].as<uint64_t>() + column.offset;
    addresses.insert(addresses.end(), values, values + batch.num_rows);
  }
  for (uint32_t row = 0; row < addresses.size(); ++row) {
    const uint32_t earlier = index.EarlierRow(row);
    if (earlier == KeyIndex::kNone) continue;
    report->num_repeated_keys += index.EarlierRow(earlier) == KeyIndex::kNone;
    gone->Mark(addresses[keep == KeepRow::kFirst ? row : earlier]);
  }
}

std::string Describe(const KeyColumns& on, KeepRow keep) {
  std::string names;
  for (const LanceField* field : on) names += (names.empty() ? "" : ", ") + QuoteSegment(field->name);
  return fmt::format("deduplicate(on=[{}], keep={})", names, keep == KeepRow::kFirst ? "first" : "last");
}

/// A row that goes is to leave another of its key: none of those may be gone meanwhile. Rows that are appended do no harm.
void KeepsTheOthers(const table::Snapshot& before, const table::Snapshot& after, const table::TransactionProto& theirs) {
  if (!theirs.has_append()) table::RequireUnchanged(before, after, theirs);
}

Deduplicated DeduplicateOnce(const table::Snapshot& read, const DeduplicateOptions& options, const std::shared_ptr<Session>& session) {
  const auto table = std::make_shared<const query::TableReader>(read, session);
  const KeyColumns on = KeyFields(read.manifest->schema(), options.on, kDeduplicate);
  std::vector<std::string> paths;
  for (const LanceField* field : on) paths.push_back(QuoteSegment(field->name));
  const auto rows = table->Scan({.columns = paths, .batch_rows = 1 << 16, .batch_bytes = 8 << 20, .with_row_address = true});
  const MergeSource keys(*rows, paths, session->budget());
  RowMarks gone(*table);
  Deduplicated done{.snapshot = read, .report = {.num_rows = table->Starts().back()}};
  for (size_t i = 0; i < keys.num_parts(); ++i) MarkPart(keys, keys.Load(i), options.keep, &gone, &done.report);
  done.report.num_removed_rows = gone.num_marked();
  done.report.removed = gone.First(options.max_listed);
  if (options.dry_run || gone.num_marked() == 0) return done;
  const bool sync = SyncsFor(options.change.durability);
  NewDeletions deletions(*table, sync);
  gone.AddTo(&deletions);
  deletions.Finish();
  const table::ReadCheck check = options.change.isolation == Isolation::kSerializable ? table::RequireUnchanged : KeepsTheOthers;
  done.snapshot = CommitDeletions(read, Describe(on, options.keep), &deletions, sync, check).snapshot;
  return done;
}

}  // namespace

Deduplicated Deduplicate(const table::Snapshot& read, const DeduplicateOptions& options, const std::shared_ptr<Session>& session) {
  return RunWithRetries(read, options.change, [&](const table::Snapshot& now) { return DeduplicateOnce(now, options, session); });
}

}  // namespace eider::mutate
