#include "eider/mutate/left_joined_rows.h"

#include <eider/interrupt.h>

#include <algorithm>

#include "eider/array/concat.h"
#include "eider/array/null_array.h"
#include "eider/array/row_sizes.h"
#include "eider/array/take.h"
#include "eider/rows/row_address.h"
#include "eider/schema/field_path.h"

namespace eider::mutate {
namespace {

constexpr int64_t kMostJoined = 1 << 16;
/// Of the budget, for blocks of several parts of a source.
constexpr uint64_t kBlockParts = 16;

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
                               std::optional<std::vector<uint64_t>> fragment_ids)
    : table_(table), source_(source), replaces_(replaces), most_bytes_(BatchBytesOf(source.budget())) {
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
  rows_ = table.Scan({.columns = carried, .fragment_ids = std::move(fragment_ids), .batch_rows = kMostJoined, .batch_bytes = most_bytes_, .with_row_address = true});
}

void LeftJoinedRows::MakeRun(size_t part) {
  const MergeSource::Part loaded = source_.Load(part);
  const std::vector<ArrayPtr> columns = GatherColumns(loaded, query::ColumnPlaces(paths_, *source_.schema()), paths_.size());
  const RowSizes sizes(columns);
  // A block of each run is in memory at once.
  const uint64_t block_bytes = source_.budget().limit_bytes() / kBlockParts / source_.num_parts();
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
    for (std::span<const int64_t> from = there, to = here; !from.empty();) {
      const int64_t rows = RowsThatFit(block_bytes, static_cast<int64_t>(from.size()), [&](int64_t i) { return sizes[from[static_cast<size_t>(i)]]; });
      const auto count = static_cast<size_t>(rows);
      RecordBatch block{.schema = spilled_->schema(), .num_rows = rows, .columns = {}};
      for (const ArrayPtr& column : columns) block.columns.push_back(TakeArray(column, from.first(count)));
      block.columns.push_back(TakeArray(addresses, to.first(count)));
      run.places.push_back(spilled_->Append(block));
      from = from.subspan(count);
      to = to.subspan(count);
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

/// Adds rows up to the first after which a run needs its next block. \returns how many
int64_t LeftJoinedRows::AddOfRuns(std::span<const uint64_t> addresses, Base* base, std::vector<RecordBatch>* pieces) {
  size_t end = addresses.size();
  std::vector<std::vector<size_t>> found(runs_.size());
  for (size_t i = 0; i < runs_.size(); ++i) {
    Run& run = runs_[i];
    if (!Refill(&run)) continue;
    const std::span<const uint64_t> wanted = query::UInt64Values(*run.block.columns.back()).subspan(static_cast<size_t>(run.row));
    for (size_t row = 0; row < end && found[i].size() < wanted.size(); ++row) {
      if (addresses[row] == wanted[found[i].size()]) found[i].push_back(row);
    }
    if (found[i].size() == wanted.size() && run.next < run.places.size()) end = found[i].back() + 1;
  }
  const size_t start = base->from.size();
  base->from.resize(start + end, -1);
  int64_t num_values = 0;
  for (const RecordBatch& piece : *pieces) num_values += piece.num_rows;
  for (size_t i = 0; i < runs_.size(); ++i) {
    const auto count = std::ranges::lower_bound(found[i], end) - found[i].begin();
    if (count == 0) continue;
    for (int64_t k = 0; k < count; ++k) base->from[start + found[i][static_cast<size_t>(k)]] = num_values++;
    pieces->push_back(SliceBatch(runs_[i].block, runs_[i].row, count));
    runs_[i].row += count;
  }
  return static_cast<int64_t>(end);
}

std::optional<LeftJoinedRows::Base> LeftJoinedRows::NextOfRuns() {
  CheckInterrupt();
  if (ahead_.num_rows == 0) {
    std::optional<RecordBatch> rows = rows_->Next();
    if (!rows) return std::nullopt;
    ahead_ = std::move(*rows);
  }
  Base base;
  std::vector<RecordBatch> pieces;
  const std::span<const uint64_t> addresses = query::UInt64Values(*ahead_.columns.back());
  int64_t used = 0;
  for (uint64_t bytes = 0; used < ahead_.num_rows && bytes < most_bytes_;) {
    const size_t before = pieces.size();
    used += AddOfRuns(addresses.subspan(static_cast<size_t>(used)), &base, &pieces);
    for (size_t i = before; i < pieces.size(); ++i) bytes += BatchBytes(pieces[i]);
  }
  base.rows = SliceBatch(ahead_, 0, used);
  ahead_ = SliceBatch(ahead_, used, ahead_.num_rows - used);
  base.addresses = base.rows.columns.back();
  if (replaces_) base.before.assign(base.rows.columns.begin(), base.rows.columns.end() - 1);
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

// However often the rows of the base have a wide value.
int64_t LeftJoinedRows::RowsToCut() const {
  const RowSizes sizes(base_->values);
  const std::span<const int64_t> from = std::span(base_->from).subspan(static_cast<size_t>(used_));
  return RowsThatFit(most_bytes_, std::min(kMostJoined, base_->rows.num_rows - used_), [&](int64_t i) {
    const int64_t place = from[static_cast<size_t>(i)];
    return place < 0 ? 1 : sizes[place];
  });
}

std::optional<RecordBatch> LeftJoinedRows::Next() {
  while (!base_ || used_ == base_->rows.num_rows) {
    base_ = stream_ ? NextOfPart() : NextOfRuns();
    used_ = 0;
    if (!base_) return std::nullopt;
  }
  const int64_t count = RowsToCut();
  RecordBatch batch = Cut(*base_, used_, count);
  used_ += count;
  return batch;
}

}  // namespace eider::mutate
