#include "eider/mutate/merged_rows.h"

#include <eider/interrupt.h>

#include <algorithm>

#include "eider/array/null_array.h"
#include "eider/array/row_sizes.h"
#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/mutate/missing_fields.h"
#include "eider/mutate/whole_rows.h"

namespace eider::mutate {
namespace {

constexpr uint64_t kMostWritten = 1 << 16;
/// Of rows that columns of the table are read for.
constexpr uint64_t kMostTaken = 1 << 13;

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
  read_width_.emplace(table.shared_from_this(), table.Plan(read_));
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
  update_ = 0;
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
  for (; batch_ < part_.batches.size(); ++batch_, row_ = 0, update_ = 0) {
    const RecordBatch& batch = part_.batches[batch_];
    const bool takes = !inserting_ && read_.columns && !read_.columns->empty();
    std::vector<int64_t> rows;
    std::vector<uint64_t> positions;
    const uint64_t bytes = BatchBytesOf(source_.budget());
    Choose(takes ? std::min({read_.batch_rows, kMostTaken, read_width_->RowsIn(bytes, 0)}) : kMostWritten, bytes, &rows, &positions);
    if (!rows.empty()) return Write(batch, rows, positions);
    batch_start_ += static_cast<uint64_t>(batch.num_rows);
  }
  return std::nullopt;
}

// The next rows of the batch to write, `most` of them that take so many bytes, and which rows of the table they update. One row may
// update many, which each get a copy.
void MergedRows::Choose(uint64_t most, uint64_t most_bytes, std::vector<int64_t>* rows, std::vector<uint64_t>* positions) {
  const RecordBatch& batch = part_.batches[batch_];
  const RowSizes sizes(batch.columns);
  for (uint64_t bytes = 0; row_ < batch.num_rows; ++row_, update_ = 0) {
    const uint64_t row = batch_start_ + static_cast<uint64_t>(row_), size = sizes[row_];
    const uint64_t copies = inserting_ ? !matched_[loaded_][row] : first_[row + 1] - first_[row];
    for (; update_ < copies; ++update_) {
      if (rows->size() == most || (bytes + size > most_bytes && !rows->empty())) return;
      bytes += size;
      rows->push_back(row_);
      if (!inserting_) positions->push_back(positions_[first_[row] + update_]);
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
    read_width_->Learn(read);
    lineage_.Take(&read);
    missing = std::move(read.columns);
  }
  out.columns = JoinColumns(*source_.schema(), out.columns, *missing_, missing);
  return out;
}

}  // namespace eider::mutate
