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

namespace eider::mutate {
namespace {

/// A part of a fragment that one thread reads and computes, at most.
constexpr uint64_t kPartRows = 1 << 16, kPartBytes = 2 << 20;
/// The first part where nothing says how wide a value is.
constexpr uint64_t kFirstRows = 64;
/// Of the budget, for each fragment that is being written.
constexpr uint64_t kFragmentBytes = 128 << 20;

RecordBatch Empty(const SchemaPtr& schema) {
  RecordBatch batch{.schema = schema};
  for (const Field& field : schema->fields) batch.columns.push_back(MakeNullArray(field.type, 0));
  return batch;
}

class ComputedRows final : public RecordBatchReader {
 public:
  ComputedRows(const query::TableReader& table, const query::ComputedColumns& computed, const query::ReadPlan& plan, const BatchMap& map,
               size_t fragment, size_t width)
      : table_(table),
        computed_(computed),
        plan_(plan),
        map_(map),
        schema_(map ? map(Empty(computed.schema())).schema : computed.schema()),
        next_(table.Starts()[fragment]),
        end_(table.Starts()[fragment + 1]),
        width_(width) {}

  const SchemaPtr& schema() const override { return schema_; }

  std::optional<RecordBatch> Next() override {
    if (ready_.empty() && next_ < end_) ComputeParts();
    if (ready_.empty()) return std::nullopt;
    RecordBatch batch = std::move(ready_.front());
    ready_.pop_front();
    return batch;
  }

 private:
  uint64_t PartRows() const {
    const uint64_t width = std::max({uint64_t{1}, plan_.fixed_bytes_per_row(), widest_.load()});
    if (IsWidthUnknown()) return std::clamp<uint64_t>(kPartBytes / width, 1, kFirstRows);
    return std::clamp<uint64_t>(kPartBytes / width, 1, kPartRows);
  }

  bool IsWidthUnknown() const { return widest_ == 0 && (plan_.has_variable_columns() || makes_variable_); }

  void ComputeParts() {
    CheckInterrupt();
    const uint64_t first = next_, rows = PartRows();
    const size_t parts = std::min<uint64_t>(IsWidthUnknown() ? 1 : width_, (end_ - first + rows - 1) / rows);
    ready_.resize(parts);
    table_.session()->cpu_pool().ParallelFor(parts, [&](size_t i) { ready_[i] = Compute(first + i * rows, std::min(end_, first + (i + 1) * rows)); });
    next_ = std::min(end_, first + parts * rows);
  }

  RecordBatch Compute(uint64_t first, uint64_t end) {
    const RecordBatch read = table_.ReadRange(plan_, first, end - first, nullptr);
    RecordBatch made = computed_.Apply(read);
    if (map_) made = map_(made);
    const uint64_t width = std::max(BatchBytes(read), BatchBytes(made)) / (end - first) + 1;
    for (uint64_t seen = widest_; seen < width && !widest_.compare_exchange_weak(seen, width);) {
    }
    return made;
  }

  const query::TableReader& table_;
  const query::ComputedColumns& computed_;
  const query::ReadPlan& plan_;
  const BatchMap& map_;
  const SchemaPtr schema_;
  uint64_t next_;
  const uint64_t end_;
  const size_t width_;
  const bool makes_variable_ = !std::ranges::all_of(schema_->fields, [](const Field& field) { return FixedBitWidth(*field.type) != 0; });
  std::atomic<uint64_t> widest_{0};  ///< bytes of a row, as read or as made, by the parts so far
  std::deque<RecordBatch> ready_;
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
  ComputedRows values(*table_, computed_, *plan_, map, fragment, std::min(width, threads));
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
