#include "eider/mutate/left_joined_rows.h"

#include <eider/interrupt.h>

#include <algorithm>

#include "eider/array/concat.h"
#include "eider/array/null_array.h"
#include "eider/array/take.h"
#include "eider/rows/row_address.h"
#include "eider/schema/field_path.h"

namespace eider::mutate {
namespace {

/// The first row of the source for each row of the batch that has any, else -1.
std::vector<int64_t> FirstMatches(const JoinedBatch& batch) {
  std::vector<int64_t> from(static_cast<size_t>(batch.rows.num_rows), -1);
  for (const MatchedRow& match : batch.matches) {
    int64_t& place = from[match.row];
    if (place < 0 || place > int64_t{match.source}) place = match.source;
  }
  return from;
}

}  // namespace

LeftJoinedRows::LeftJoinedRows(const query::TableReader& table, const MergeSource& source, bool replaces,
                               std::optional<std::vector<uint64_t>> fragment_ids, uint64_t most_rows, uint64_t block_rows)
    : table_(table), source_(source), replaces_(replaces), most_rows_(static_cast<int64_t>(most_rows)), block_rows_(static_cast<int64_t>(block_rows)) {
  Schema schema = *source.schema();
  schema.fields.erase(schema.fields.begin());  // the key
  for (Field& field : schema.fields) {
    paths_.push_back(QuoteSegment(field.name));
    field.nullable = true;
  }
  schema_ = std::make_shared<const Schema>(schema);
  std::vector<std::string> carried = replaces ? paths_ : std::vector<std::string>();
  if (source.num_parts() == 1) {
    if (replaces) carried.push_back("_rowaddr");
    join_.emplace(table, source, std::nullopt, carried, std::move(fragment_ids));
    part_ = source.Load(0);
    part_columns_ = GatherColumns(part_, query::ColumnPlaces(paths_, *source.schema()), paths_.size());
    stream_ = std::make_unique<JoinStream>(*join_, part_);
    return;
  }
  join_.emplace(table, source, std::nullopt, std::vector<std::string>{"_rowaddr"}, fragment_ids);
  schema.fields.push_back({.name = "_rowaddr", .type = MakeType(TypeId::kUInt64), .nullable = false, .metadata = {}});
  spilled_.emplace(std::make_shared<const Schema>(std::move(schema)));
  for (size_t part = 0; part < source.num_parts(); ++part) MakeRun(part);
  rows_ = table.Scan({.columns = carried, .fragment_ids = std::move(fragment_ids), .batch_rows = most_rows, .with_row_address = true});
}

void LeftJoinedRows::MakeRun(size_t part) {
  const MergeSource::Part loaded = source_.Load(part);
  const std::vector<ArrayPtr> columns = GatherColumns(loaded, query::ColumnPlaces(paths_, *source_.schema()), paths_.size());
  Run run;
  join_->Run(loaded, [&](const JoinedBatch& batch) {
    const std::vector<int64_t> from = FirstMatches(batch);
    const ArrayPtr addresses = join_->Carried(batch.rows)[0];
    std::vector<int64_t> here, there;
    for (size_t row = 0; row < from.size(); ++row) {
      if (from[row] < 0) continue;
      here.push_back(static_cast<int64_t>(row));
      there.push_back(from[row]);
    }
    const auto count = static_cast<int64_t>(here.size());
    for (int64_t first = 0; first < count; first += block_rows_) {
      const auto cut = [&](const std::vector<int64_t>& rows) { return std::span(rows).subspan(static_cast<size_t>(first), static_cast<size_t>(std::min(block_rows_, count - first))); };
      RecordBatch block{.schema = spilled_->schema(), .num_rows = std::min(block_rows_, count - first), .columns = {}};
      for (const ArrayPtr& column : columns) block.columns.push_back(TakeArray(column, cut(there)));
      block.columns.push_back(TakeArray(addresses, cut(here)));
      run.places.push_back(spilled_->Append(block));
    }
  });
  if (!run.places.empty()) runs_.push_back(std::move(run));
}

bool LeftJoinedRows::Refill(Run* run) const {
  if (run->row < run->block.num_rows) return true;
  if (run->next == run->places.size()) return false;
  run->block = spilled_->Read(run->places[run->next++]);
  run->row = 0;
  return true;
}

std::optional<LeftJoinedRows::Base> LeftJoinedRows::NextOfPart() {
  std::optional<JoinedBatch> batch = stream_->Next();
  if (!batch) return std::nullopt;
  Base base{.rows = batch->rows, .addresses = nullptr, .values = part_columns_, .before = {}, .from = FirstMatches(*batch)};
  if (!replaces_) return base;
  base.before = join_->Carried(base.rows);
  base.addresses = std::move(base.before.back());
  base.before.pop_back();
  return base;
}

std::optional<LeftJoinedRows::Base> LeftJoinedRows::NextOfRuns() {
  CheckInterrupt();
  std::optional<RecordBatch> rows = rows_->Next();
  if (!rows) return std::nullopt;
  Base base{.rows = std::move(*rows), .addresses = nullptr, .values = {}, .before = {}, .from = {}};
  base.addresses = base.rows.columns.back();
  if (replaces_) base.before.assign(base.rows.columns.begin(), base.rows.columns.end() - 1);
  const std::span<const uint64_t> addresses = query::UInt64Values(*base.addresses);
  base.from.assign(addresses.size(), -1);
  std::vector<RecordBatch> pieces;
  int64_t num_values = 0;
  for (Run& run : runs_) {
    size_t row = 0;
    while (row < addresses.size() && Refill(&run)) {
      const std::span<const uint64_t> found = query::UInt64Values(*run.block.columns.back());
      const int64_t first = run.row;
      for (; row < addresses.size() && run.row < run.block.num_rows; ++row) {
        if (addresses[row] != found[static_cast<size_t>(run.row)]) continue;
        base.from[row] = num_values++;
        ++run.row;
      }
      if (run.row > first) pieces.push_back(SliceBatch(run.block, first, run.row - first));
    }
  }
  for (size_t column = 0; !pieces.empty() && column < paths_.size(); ++column) {
    std::vector<ArrayPtr> arrays;
    for (const RecordBatch& piece : pieces) arrays.push_back(piece.columns[column]);
    base.values.push_back(ConcatArrays(arrays));
  }
  return base;
}

RecordBatch LeftJoinedRows::Cut(const Base& base, int64_t first, int64_t count) {
  RecordBatch out{.schema = schema_, .num_rows = count, .columns = {}};
  const auto from = std::span(base.from).subspan(static_cast<size_t>(first), static_cast<size_t>(count));
  const std::span<const uint64_t> addresses = base.addresses ? query::UInt64Values(*base.addresses) : std::span<const uint64_t>();
  std::vector<int64_t> taken, order(from.size());
  for (size_t i = 0; i < from.size(); ++i) {
    order[i] = from[i] < 0 ? static_cast<int64_t>(i) : count + static_cast<int64_t>(taken.size());
    if (from[i] < 0) continue;
    taken.push_back(from[i]);
    if (replaces_) matched_.push_back(rows::RowAddress{addresses[static_cast<size_t>(first) + i]}.offset());
  }
  for (size_t column = 0; column < paths_.size(); ++column) {
    if (!replaces_) {
      out.columns.push_back(TakeArray(base.values.empty() ? MakeNullArray(schema_->fields[column].type, 0) : base.values[column], from));
      continue;
    }
    const ArrayPtr before = SliceArray(base.before[column], first, count);
    if (taken.empty()) {
      out.columns.push_back(before);
      continue;
    }
    const ArrayPtr both[] = {before, TakeArray(base.values[column], taken)};
    out.columns.push_back(TakeArray(ConcatArrays(both), order));
  }
  return out;
}

std::optional<RecordBatch> LeftJoinedRows::Next() {
  while (!base_ || used_ == base_->rows.num_rows) {
    base_ = stream_ ? NextOfPart() : NextOfRuns();
    used_ = 0;
    if (!base_) return std::nullopt;
  }
  const int64_t count = std::min(most_rows_, base_->rows.num_rows - used_);
  RecordBatch batch = Cut(*base_, used_, count);
  used_ += count;
  return batch;
}

}  // namespace eider::mutate
