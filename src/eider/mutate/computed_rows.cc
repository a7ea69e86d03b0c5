#include "eider/mutate/computed_rows.h"

#include <eider/interrupt.h>

#include <algorithm>
#include <atomic>
#include <deque>

#include "eider/array/null_array.h"
#include "eider/base/memory_budget.h"
#include "eider/base/task_pool.h"
#include "eider/mutate/align.h"
#include "eider/query/ordered_tasks.h"
#include "eider/query/row_width.h"

namespace eider::mutate {
namespace {

/// A part of a fragment that one thread reads and computes, at most.
constexpr uint64_t kPartRows = 1 << 16, kPartBytes = 2 << 20;
/// Of the budget, for each fragment that is being written.
constexpr uint64_t kFragmentBytes = 128 << 20;

RecordBatch Empty(const SchemaPtr& schema) {
  RecordBatch batch{.schema = schema};
  for (const Field& field : schema->fields) batch.columns.push_back(MakeNullArray(field.type, 0));
  return batch;
}

class ComputedRows final : public RecordBatchReader {
 public:
  ComputedRows(const std::shared_ptr<const query::TableReader>& table, const query::ComputedColumns& computed, const query::ReadPlanPtr& plan,
               const BatchMap& map, size_t fragment, size_t width)
      : table_(*table),
        computed_(computed),
        plan_(*plan),
        map_(map),
        schema_(map ? map(Empty(computed.schema())).schema : computed.schema()),
        fragment_(fragment),
        next_(table->Starts()[fragment]),
        end_(table->Starts()[fragment + 1]),
        width_(width),
        row_width_(table, plan, computed.makes_any_width()) {}

  const SchemaPtr& schema() const override { return schema_; }

  std::optional<RecordBatch> Next() override {
    if (ready_.empty() && next_ < end_) ComputeParts();
    if (ready_.empty()) return std::nullopt;
    Part& part = ready_.front();
    RecordBatch batch = part.done.empty() ? ComputeSome(&part.rest) : std::move(part.done.front());
    if (!part.done.empty()) part.done.pop_front();
    if (part.done.empty() && part.rest.num_rows == 0) ready_.pop_front();
    return batch;
  }

 private:
  /// Values, and rows for whose values there was no room.
  struct Part {
    std::deque<RecordBatch> done;
    RecordBatch rest;
  };

  void ComputeParts() {
    CheckInterrupt();
    const uint64_t first = next_, rows = std::min(kPartRows, row_width_.RowsIn(kPartBytes, fragment_));
    const size_t parts = std::min<uint64_t>(row_width_.is_unknown() ? 1 : width_, (end_ - first + rows - 1) / rows);
    ready_.resize(parts);
    table_.session()->cpu_pool().ParallelFor(parts, [&](size_t i) { ready_[i] = Compute(first + i * rows, std::min(end_, first + (i + 1) * rows)); });
    next_ = std::min(end_, first + parts * rows);
  }

  Part Compute(uint64_t first, uint64_t end) const {
    Part part{.done = {}, .rest = table_.ReadRange(plan_, first, end - first, nullptr)};
    uint64_t bytes = 0;
    while (part.rest.num_rows > 0 && bytes < kPartBytes) {
      part.done.push_back(ComputeSome(&part.rest));
      bytes += BatchBytes(part.done.back());
    }
    return part;
  }

  RecordBatch ComputeSome(RecordBatch* rows) const {
    RecordBatch made = computed_.ApplyTo(rows, kPartRows, row_width_);
    return map_ ? map_(made) : made;
  }

  const query::TableReader& table_;
  const query::ComputedColumns& computed_;
  const query::ReadPlan& plan_;
  const BatchMap& map_;
  const SchemaPtr schema_;
  const size_t fragment_;
  uint64_t next_;
  const uint64_t end_;
  const size_t width_;
  const query::RowWidth row_width_;
  std::deque<Part> ready_;
};

ScanOptions OnlyComputed(const std::vector<ComputedColumn>& columns) {
  return {.columns = std::vector<std::string>(), .computed = columns};
}

}  // namespace

ComputedFragments::ComputedFragments(const table::Snapshot& read, const std::vector<ComputedColumn>& columns, std::shared_ptr<Session> session)
    : table_(std::make_shared<const query::TableReader>(read, std::move(session))),
      computed_(*table_, OnlyComputed(columns)),
      plan_(table_->Plan(computed_.ReadOptions())) {}

void ComputedFragments::Write(size_t fragment, ColumnMerge* merge, const BatchMap& map, size_t width) const {
  const size_t threads = query::TasksAtOnce(table_->session()->cpu_pool());
  ComputedRows values(table_, computed_, plan_, map, fragment, std::min(width, threads));
  AlignedReader aligned(values, merge->added());
  LiveRowStream rows(aligned);
  merge->Write(fragment, rows);
}

void ComputedFragments::WriteAll(ColumnMerge* merge, const BatchMap& map) const {
  TaskPool& pool = table_->session()->cpu_pool();
  const size_t fragments = table_->num_fragments(), threads = query::TasksAtOnce(pool);
  const size_t most = std::max<uint64_t>(1, table_->session()->budget().limit_bytes() / kFragmentBytes);
  const size_t lanes = std::min({fragments, threads, most});
  std::atomic<size_t> next{0};
  pool.ParallelFor(lanes, [&](size_t) {
    try {
      for (size_t i = next++; i < fragments; i = next++) Write(i, merge, map, std::max<size_t>(1, threads / lanes));
    } catch (...) {
      next = fragments;  // the other lanes need not go on
      throw;
    }
  });
}

}  // namespace eider::mutate
