#include "eider/mutate/merged_rows.h"

#include <eider/interrupt.h>

#include <algorithm>

#include "eider/array/null_array.h"
#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/mutate/missing_fields.h"
#include "eider/mutate/whole_rows.h"

namespace eider::mutate {
namespace {

constexpr uint64_t kMostWritten = 1 << 16;
/// Of rows that columns of the table are read for.
constexpr uint64_t kMostTaken = 1 << 13;

/// As many rows as make so many bytes.
uint64_t RowsPerBatch(const RecordBatch& batch, uint64_t bytes) {
  return std::clamp<uint64_t>(bytes / (BatchBytes(batch) / static_cast<uint64_t>(batch.num_rows) + 1), 1, kMostWritten);
}

/// Each row follows the one before; a row that comes twice makes no run, as long as it may look.
bool IsRun(const std::vector<int64_t>& rows) {
  return std::ranges::adjacent_find(rows, [](int64_t a, int64_t b) { return b != a + 1; }) == rows.end();
}

std::vector<ArrayPtr> TakeRows(std::vector<ArrayPtr> columns, const std::vector<int64_t>& rows) {
  const bool is_run = IsRun(rows);
  const auto count = static_cast<int64_t>(rows.size());
  for (ArrayPtr& column : columns) column = is_run ? SliceArray(column, rows.front(), count) : TakeArray(column, rows);
  return columns;
}

}  // namespace

MergedRows::MergedRows(const query::TableReader& table, const MergeSource& source, const MergeInsertOptions& options, MergeOutcome* outcome,
                       RowLineage* lineage)
    : table_(table),
      source_(source),
      options_(options),
      outcome_(*outcome),
      lineage_(*lineage),
      join_(table, source, options.update_condition),
      missing_(std::make_shared<const Schema>()),
      schema_(source.schema()),
      matched_(source.num_parts()) {
  if (options.when_matched != WhenMatched::kUpdateAll) return;
  const LanceSchema missing = MissingFields(table.snapshot().manifest->schema(), *source.schema());
  read_ = WholeRows(missing);
  read_.columns = PathsOf(missing, *source.schema());
  lineage_.AddColumns(&read_);
  if (missing.fields.empty()) return;
  RequireOwnBlobs(table);
  missing_ = std::make_shared<const Schema>(WholeRowsSchema(*table.Plan(read_)->schema(), missing));
  schema_ = std::make_shared<const Schema>(JoinFields(*source.schema(), *missing_));
}

std::optional<RecordBatch> MergedRows::Next() {
  while (true) {
    if (std::optional<RecordBatch> batch = NextOfPart()) return batch;
    if (!NextPart()) return std::nullopt;
  }
}

bool MergedRows::NextPart() {
  if (next_part_ == source_.num_parts()) {
    if (inserting_ || !options_.insert_not_matched) return false;
    inserting_ = true;
    next_part_ = 0;
  }
  if (loaded_ != next_part_) {
    part_ = {};
    part_ = source_.Load(next_part_);
    loaded_ = next_part_;
  }
  batch_ = 0;
  row_ = 0;
  batch_start_ = 0;
  if (!inserting_) JoinPart();
  ++next_part_;
  return true;
}

void MergedRows::JoinPart() {
  matched_[loaded_].assign(part_.num_rows, false);
  updates_.clear();
  join_.Run(part_, [this](const JoinedBatch& batch) { Act(batch); });
  SortUpdates(std::exchange(updates_, {}));
}

void MergedRows::Act(const JoinedBatch& batch) {
  for (const MatchedRow& match : batch.matches) matched_[loaded_][match.source] = true;
  if (options_.delete_not_matched_by_source) {
    for (const MatchedRow& match : batch.matches) outcome_.seen.Mark(batch.AddressOf(match));
  }
  if (options_.when_matched == WhenMatched::kDoNothing || batch.acting.empty()) return;
  if (options_.when_matched == WhenMatched::kFail) {
    throw Invalid("merge_insert: the table has a row that matches a row of the source: {}", KeyText(source_, part_, batch.acting[0].source));
  }
  const bool updates = options_.when_matched == WhenMatched::kUpdateAll;
  for (const MatchedRow& match : batch.acting) {
    if (!outcome_.gone.Mark(batch.AddressOf(match))) ThrowAmbiguous(source_, part_, match.source);
    if (updates) updates_.push_back({match.source, batch.first_position + match.row});
  }
  (updates ? outcome_.metrics.num_updated_rows : outcome_.metrics.num_deleted_rows) += batch.acting.size();
}

// By row of the source; those of one row stay in the order of the table.
void MergedRows::SortUpdates(const std::vector<UpdatedRow>& updates) {
  first_.assign(part_.num_rows + 1, 0);
  for (const UpdatedRow& update : updates) ++first_[update.source + 1];
  for (size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
  positions_.resize(updates.size());
  std::vector<uint64_t> next(first_.begin(), first_.end() - 1);
  for (const UpdatedRow& update : updates) positions_[next[update.source]++] = update.position;
}

std::optional<RecordBatch> MergedRows::NextOfPart() {
  for (; batch_ < part_.batches.size(); ++batch_, row_ = 0) {
    const RecordBatch& batch = part_.batches[batch_];
    const bool takes = !inserting_ && read_.columns && !read_.columns->empty();
    std::vector<int64_t> rows;
    std::vector<uint64_t> positions;
    Choose(std::min(RowsPerBatch(batch, BatchBytesOf(source_.budget())), takes ? std::min(read_.batch_rows, kMostTaken) : kMostWritten), &rows, &positions);
    if (!rows.empty()) return Write(batch, rows, positions);
    batch_start_ += static_cast<uint64_t>(batch.num_rows);
  }
  return std::nullopt;
}

// The next rows of the batch to write, some `most` of them, and which rows of the table they update.
void MergedRows::Choose(uint64_t most, std::vector<int64_t>* rows, std::vector<uint64_t>* positions) {
  for (; row_ < part_.batches[batch_].num_rows && rows->size() < most; ++row_) {
    const uint64_t row = batch_start_ + static_cast<uint64_t>(row_);
    if (inserting_) {
      if (!matched_[loaded_][row]) rows->push_back(row_);
      continue;
    }
    for (uint64_t i = first_[row]; i < first_[row + 1]; ++i) {
      rows->push_back(row_);
      positions->push_back(positions_[i]);
    }
  }
}

void MergedRows::NoteInserted(const RecordBatch& batch, const std::vector<int64_t>& rows) {
  outcome_.metrics.num_inserted_rows += rows.size();
  outcome_.inserted.Add(TakeRows(source_.KeyColumns(batch), rows), static_cast<int64_t>(rows.size()));
}

RecordBatch MergedRows::Write(const RecordBatch& batch, const std::vector<int64_t>& rows, const std::vector<uint64_t>& positions) {
  RecordBatch out{.schema = schema_, .num_rows = static_cast<int64_t>(rows.size()), .columns = TakeRows(batch.columns, rows)};
  std::vector<ArrayPtr> missing;
  if (inserting_) {
    NoteInserted(batch, rows);
    for (const Field& field : missing_->fields) missing.push_back(MakeNullArray(field.type, out.num_rows));
  } else if (!read_.columns->empty()) {
    RecordBatch read = table_.Take(read_, positions);
    lineage_.Take(&read);
    missing = std::move(read.columns);
  }
  out.columns = JoinColumns(*source_.schema(), out.columns, *missing_, missing);
  return out;
}

}  // namespace eider::mutate
