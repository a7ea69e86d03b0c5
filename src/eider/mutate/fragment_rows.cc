#include "eider/mutate/fragment_rows.h"

#include <eider/interrupt.h>

#include <algorithm>

#include "eider/array/null_array.h"
#include "eider/array/take.h"
#include "eider/base/error.h"

namespace eider::mutate {
namespace {

/// Indexes into the live rows of a window for each of its physical rows: deleted rows get -1 (null), or in a column that
/// is not nullable a neighbour's value.
std::vector<int64_t> PhysicalIndices(const rows::DeletionVector& deletions, uint64_t first, uint64_t count, bool nullable) {
  std::vector<int64_t> indices(count, -1);
  int64_t live = 0;
  for (const rows::RowRange& range : deletions.LiveRanges(first, count)) {
    for (uint64_t i = 0; i < range.count; ++i) indices[range.first - first + i] = live++;
  }
  if (nullable) return indices;
  int64_t last = 0;
  for (int64_t& index : indices) last = index = index < 0 ? last : index;
  return indices;
}

RecordBatch SpreadOut(const RecordBatch& live, const rows::DeletionVector& deletions, uint64_t first, uint64_t count) {
  RecordBatch out{.schema = live.schema, .num_rows = static_cast<int64_t>(count)};
  for (size_t i = 0; i < live.columns.size(); ++i) {
    const bool nullable = live.schema->fields[i].nullable;
    out.columns.push_back(TakeArray(live.columns[i], PhysicalIndices(deletions, first, count, nullable)));
  }
  return out;
}

/// Rows of a fragment in which nothing is live: nulls, or zeros where there must be no nulls.
RecordBatch Filler(const SchemaPtr& schema, uint64_t count) {
  RecordBatch out{.schema = schema, .num_rows = static_cast<int64_t>(count)};
  for (const Field& field : schema->fields) {
    auto column = std::make_shared<Array>(*MakeNullArray(field.type, static_cast<int64_t>(count)));
    if (!field.nullable && field.type->id != TypeId::kNull) {
      column->validity = Buffer();
      column->null_count = 0;
    }
    out.columns.push_back(std::move(column));
  }
  return out;
}

constexpr uint64_t kFillerRows = 1 << 16;

}  // namespace

bool LiveRowStream::Refill() {
  while (!batch_ || used_ == batch_->num_rows) {
    CheckInterrupt();
    batch_ = data_.Next();
    used_ = 0;
    if (!batch_) return false;
  }
  return true;
}

RecordBatch LiveRowStream::TakeRows(int64_t count) {
  RecordBatch rows = SliceBatch(*batch_, used_, count);
  rows.schema = data_.schema();
  used_ += count;
  dealt_ += static_cast<uint64_t>(count);
  return rows;
}

void LiveRowStream::Deal(uint64_t physical_rows, const rows::DeletionVector* deletions,
                         const std::function<void(const RecordBatch&)>& write) {
  const uint64_t num_live = deletions ? deletions->num_live() : physical_rows;
  uint64_t physical = 0;
  for (uint64_t live = 0; live < num_live;) {
    if (!Refill()) {
      throw Invalid("Stream ended before producing values for all rows in dataset: after {}, and there are at least {}", dealt_,
                    dealt_ + num_live - live);
    }
    const uint64_t count = std::min(num_live - live, static_cast<uint64_t>(batch_->num_rows - used_));
    const RecordBatch rows = TakeRows(static_cast<int64_t>(count));
    live += count;
    if (!deletions) {
      write(rows);
      continue;
    }
    // The window reaches up to the next live row, or to the end of the fragment.
    const uint64_t end = live == num_live ? physical_rows : deletions->PhysicalOffset(live);
    write(SpreadOut(rows, *deletions, physical, end - physical));
    physical = end;
  }
  if (num_live > 0) return;
  for (; physical < physical_rows; physical += kFillerRows) {
    write(Filler(data_.schema(), std::min(kFillerRows, physical_rows - physical)));
  }
}

void LiveRowStream::RequireEnd() {
  if (Refill()) throw Invalid("Stream produced more values than expected for dataset: it has {} rows", dealt_);
}

}  // namespace eider::mutate
