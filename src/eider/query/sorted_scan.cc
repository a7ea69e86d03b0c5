#include "eider/query/sorted_scan.h"

#include <algorithm>

#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/base/memory_budget.h"
#include "eider/base/task_pool.h"
#include "eider/query/batch_cutter.h"
#include "eider/query/bound_expression.h"
#include "eider/query/ordered_tasks.h"
#include "eider/query/row_sorter.h"
#include "eider/query/sort_source.h"
#include "eider/query/stage_timer.h"

namespace eider::query {
namespace {

constexpr uint64_t kFirstSortedRows = 256;
/// Rows whose keys one task reads; fewer at first where a limit may make the rest needless, or values may be wide.
constexpr uint64_t kKeyRows = 32 << 10, kFirstKeyRows = 8 << 10, kFirstVariableKeyRows = 1024;
constexpr uint64_t kKeyTaskBytes = 16 << 20;
/// Beside its keys, what a row in a block takes.
constexpr uint64_t kRecordBytes = 40;

uint64_t WantedRows(const ScanOptions& options) {
  if (!options.limit) return UINT64_MAX;
  const uint64_t offset = options.offset.value_or(0);
  return *options.limit == 0 ? 0 : offset + std::min(*options.limit, UINT64_MAX - offset);
}

/// Where the rows of each fragment begin, deleted ones too where the scan includes them.
std::vector<uint64_t> StartsOf(const TableReader& table, const ScanOptions& options) {
  if (!options.include_deleted_rows) return table.Starts();
  std::vector<uint64_t> starts{0};
  const file::ReadContext context = table.context(nullptr);
  for (size_t i = 0; i < table.num_fragments(); ++i) starts.push_back(starts.back() + table.fragment(i).physical_rows(context));
  return starts;
}

/// Takes rows of a table, where positions count deleted ones too. Thread-safe.
class DeletedRowTaker {
 public:
  DeletedRowTaker(const std::shared_ptr<const TableReader>& table, ReadPlanPtr plan, const ScanOptions& options)
      : starts_(StartsOf(*table, options)), plan_(plan), reader_(table, plan, options) {}

  RecordBatch Take(const std::vector<uint64_t>& positions) const {
    std::vector<uint64_t> sorted(positions);
    std::ranges::sort(sorted);
    std::vector<RecordBatch> parts;
    for (size_t at = 0; at < sorted.size();) {
      const auto fragment = static_cast<size_t>(std::ranges::upper_bound(starts_, sorted[at]) - starts_.begin()) - 1;
      std::vector<uint64_t> chosen;
      for (; at < sorted.size() && sorted[at] < starts_[fragment + 1]; ++at) chosen.push_back(sorted[at] - starts_[fragment]);
      const uint64_t first = chosen.front(), count = chosen.back() + 1 - first;
      parts.push_back(reader_.Read({.fragment = fragment, .first = first, .count = count, .chosen = std::move(chosen), .known = {}}));
    }
    std::vector<int64_t> places;
    for (const uint64_t position : positions) places.push_back(std::ranges::lower_bound(sorted, position) - sorted.begin());
    return TakeBatch(ConcatBatches(plan_->schema(), std::move(parts)), places);
  }

 private:
  const std::vector<uint64_t> starts_;
  const ReadPlanPtr plan_;
  const RunReader reader_;
};

/// Reads the keys of rows that pass the filter, and their positions. Thread-safe.
class KeyReader {
 public:
  KeyReader(std::shared_ptr<const TableReader> table, const ScanOptions& options)
      : table_(std::move(table)),
        order_(options.order_by),
        paths_(Paths(order_)),
        plan_(table_->Plan({.columns = paths_, .stats = options.stats})),
        filter_(options.filter ? std::make_unique<const RowFilter>(table_, options) : nullptr),
        reader_(table_, plan_, {.columns = paths_, .include_deleted_rows = options.include_deleted_rows, .stats = options.stats}, filter_ ? &filter_->plan() : nullptr),
        places_(paths_, *plan_->schema()),
        starts_(StartsOf(*table_, options)),
        stats_(options.stats) {}

  const ReadPlan& plan() const { return *plan_; }
  const RowFilter* filter() const { return filter_.get(); }
  /// Of a row's keys, and what its filter reads; as far as that is known by now.
  uint64_t row_bytes(size_t fragment) const {
    const uint64_t rows = seen_rows_.load(std::memory_order_relaxed), of_filter = filter_ ? filter_->row_bytes() : 0;
    uint64_t bytes = std::max<uint64_t>(1, plan_->fixed_bytes_per_row());
    if (rows > 0) return of_filter + std::max(bytes, seen_bytes_.load(std::memory_order_relaxed) / rows);
    for (const uint64_t stored : table_->fragment(fragment).StoredBytesPerRow(*plan_, table_->context(nullptr))) bytes += stored;
    return of_filter + bytes;
  }

  SortedBlock Read(const std::vector<RowRun>& runs, uint64_t most, const SortBoundPtr& bound) const {
    SortedBlock block(most);
    for (const RowRun& run : runs) {
      const RowRun passing = filter_ ? filter_->Apply(run, reader_.TakenOver()) : run;
      if (passing.size() == 0) continue;
      const RecordBatch batch = ReadKeys(passing);
      seen_bytes_.fetch_add(BatchBytes(batch), std::memory_order_relaxed);
      seen_rows_.fetch_add(passing.size(), std::memory_order_relaxed);
      const StageTimer timer(&ScanStats::sort_ns, stats_);
      const std::vector<ArrayPtr> arrays = places_.Find(batch.columns);
      std::vector<SortColumn> columns;
      for (size_t i = 0; i < arrays.size(); ++i) columns.emplace_back(arrays[i], order_[i]);
      block.Add(columns, RowPositions(passing, starts_[passing.fragment]), bound);
    }
    const StageTimer timer(&ScanStats::sort_ns, stats_);
    block.Finish();
    return block;
  }

 private:
  RecordBatch ReadKeys(const RowRun& run) const {
    const StageTimer timer(&ScanStats::read_ns, stats_);
    AddRows(&ScanStats::rows_read, run.size(), stats_);
    return reader_.Read(run);
  }
  static std::vector<std::string> Paths(const std::vector<SortKey>& order) {
    std::vector<std::string> paths;
    for (const SortKey& key : order) paths.push_back(key.column);
    return paths;
  }
  const std::shared_ptr<const TableReader> table_;
  const std::vector<SortKey> order_;
  const std::vector<std::string> paths_;
  const ReadPlanPtr plan_;
  const std::unique_ptr<const RowFilter> filter_;
  const RunReader reader_;
  const ColumnPlaces places_;
  const std::vector<uint64_t> starts_;
  ScanStats* const stats_;
  mutable std::atomic<uint64_t> seen_rows_{0}, seen_bytes_{0};
};

/// Sorts the keys of a table's rows: tasks sort blocks, this thread puts them together.
class KeySort {
 public:
  KeySort(const std::shared_ptr<const TableReader>& table, const ScanOptions& options)
      : budget_(table->session()->budget()),
        pool_(table->session()->cpu_pool()),
        stats_(options.stats),
        most_(WantedRows(options)),
        keys_(std::make_shared<const KeyReader>(table, options)),
        source_(*table, keys_->filter(), keys_->plan(), options),
        task_rows_(keys_->plan().has_variable_columns() ? kFirstVariableKeyRows : kFirstKeyRows) {}

  RowSorter Run() {
    RowSorter sorter(budget_, most_);
    OrderedTasks<SortedBlock> tasks(pool_);
    const auto threads = static_cast<size_t>(std::max(0, pool_.num_threads()));
    while (most_ > 0) {
      CheckInterrupt();
      while (tasks.size() < threads + 1 && !source_.exhausted()) {
        auto work = [keys = keys_, runs = NextRuns(sorter.bound()), most = most_, bound = sorter.bound()] { return keys->Read(runs, most, bound); };
        tasks.Start(std::move(work), threads == 0 || (tasks.empty() && source_.exhausted()));
      }
      if (tasks.empty()) break;
      SortedBlock block = tasks.Next(false);
      const StageTimer timer(&ScanStats::sort_ns, stats_);
      sorter.Add(std::move(block));
    }
    const StageTimer timer(&ScanStats::sort_ns, stats_);
    sorter.Finish();
    return sorter;
  }

 private:
  std::vector<RowRun> NextRuns(const SortBoundPtr& bound) {
    const uint64_t tasks = static_cast<uint64_t>(std::max(0, pool_.num_threads())) + 1;
    const uint64_t bytes = std::clamp<uint64_t>(budget_.limit_bytes() / (8 * tasks), 64 << 10, kKeyTaskBytes);
    const uint64_t rows = std::clamp<uint64_t>(bytes / (2 * keys_->row_bytes(source_.fragment()) + kRecordBytes), 1, task_rows_);
    task_rows_ = std::min(kKeyRows, 2 * task_rows_);
    return source_.Next(rows, bound);
  }

  MemoryBudget& budget_;
  TaskPool& pool_;
  ScanStats* const stats_;
  const uint64_t most_;
  const std::shared_ptr<const KeyReader> keys_;
  SortSource source_;
  uint64_t task_rows_;
};

/// Takes the rows in their order.
class SortedReader final : public RecordBatchReader {
 public:
  SortedReader(std::shared_ptr<const TableReader> table, const ScanOptions& options)
      : table_(std::move(table)),
        options_(Checked(options)),
        plan_(table_->Plan(options)),
        limits_{.rows = options.batch_rows, .bytes = options.batch_bytes, .exact = options.strict_batches},
        block_bytes_(BlockBytes(table_->session()->budget())),
        cutter_(limits_, block_bytes_),
        rows_(KeySort(table_, options_).Run()),
        deleted_taker_(options_.include_deleted_rows ? std::make_shared<const DeletedRowTaker>(table_, plan_, options_) : nullptr),
        tasks_(table_->session()->cpu_pool()) {
    for (uint64_t i = 0; i < options_.offset.value_or(0) && rows_.Next(); ++i) {}
  }

  const SchemaPtr& schema() const override { return plan_->schema(); }

  std::optional<RecordBatch> Next() override {
    CheckInterrupt();
    while (true) {
      Prefetch();
      if (std::optional<RecordBatch> batch = cutter_.Pop(tasks_.empty())) return batch;
      if (tasks_.empty()) return std::nullopt;
      RecordBatch batch = tasks_.Next();
      seen_bytes_ += BatchBytes(batch);
      seen_rows_ += static_cast<uint64_t>(batch.num_rows);
      cutter_.Push(std::move(batch), true);
    }
  }

 private:
  static const ScanOptions& Checked(const ScanOptions& options) {
    if (options.batch_rows == 0) throw Invalid("scan: batch_rows is 0");
    if (options.include_deleted_rows && !options.with_row_id) throw Invalid("scan: include_deleted_rows needs with_row_id");
    return options;
  }

  uint64_t BlockRows() const {
    if (seen_rows_ == 0 && plan_->has_variable_columns()) return kFirstSortedRows;
    const uint64_t bytes = std::max({uint64_t{1}, plan_->fixed_bytes_per_row(), seen_rows_ ? seen_bytes_ / seen_rows_ : 0});
    return std::clamp<uint64_t>(block_bytes_ / bytes, 1, std::max<uint64_t>(options_.batch_rows, 8192));
  }

  std::vector<uint64_t> NextPositions() {
    std::vector<uint64_t> positions;
    for (uint64_t left = BlockRows(); left > 0; --left) {
      const std::optional<uint64_t> position = rows_.Next();
      if (!position) break;
      positions.push_back(*position);
    }
    return positions;
  }

  void Prefetch() {
    const int threads = table_->session()->cpu_pool().num_threads();
    const size_t most = seen_rows_ == 0 && plan_->has_variable_columns() ? 1 : static_cast<size_t>(std::max(0, threads)) + 1;
    while (tasks_.size() < most && !rows_.exhausted()) {
      const bool is_first = tasks_.empty();
      std::vector<uint64_t> part = NextPositions();
      const bool at_once = threads == 0 || (is_first && rows_.exhausted());
      auto work = [table = table_, plan = plan_, taker = deleted_taker_, part = std::move(part), stats = options_.stats] {
        return taker ? taker->Take(part) : table->Take(*plan, part, stats);
      };
      tasks_.Start(std::move(work), at_once);
      if (at_once) return;
    }
  }

  const std::shared_ptr<const TableReader> table_;
  const ScanOptions options_;
  const ReadPlanPtr plan_;
  const BatchLimits limits_;
  const uint64_t block_bytes_;
  BatchCutter cutter_;
  RowSorter rows_;
  const std::shared_ptr<const DeletedRowTaker> deleted_taker_;  ///< null: only live rows
  uint64_t seen_rows_ = 0, seen_bytes_ = 0;
  OrderedTasks<RecordBatch> tasks_;
};

}  // namespace

std::unique_ptr<RecordBatchReader> ScanSorted(std::shared_ptr<const TableReader> table, const ScanOptions& options) {
  return std::make_unique<SortedReader>(std::move(table), options);
}

}  // namespace eider::query
