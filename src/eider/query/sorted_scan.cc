#include "eider/query/sorted_scan.h"

#include <algorithm>

#include "eider/array/concat.h"
#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/base/memory_budget.h"
#include "eider/base/task_pool.h"
#include "eider/query/batch_cutter.h"
#include "eider/query/bound_expression.h"
#include "eider/query/ordered_tasks.h"
#include "eider/query/sort_order.h"

namespace eider::query {
namespace {

constexpr uint64_t kFirstSortedRows = 256;
/// Beside the limit, so many rows are gathered before the best are chosen.
constexpr uint64_t kSlackRows = 64 << 10;
/// Beside its keys and position, what it takes to sort a row.
constexpr uint64_t kRowBytes = 40;

/// Keys and positions of rows, of which only the best are kept.
class SortedKeys {
 public:
  SortedKeys(const TableReader& table, const ScanOptions& options)
      : order_(options.order_by),
        most_(options.limit ? options.offset.value_or(0) + std::min(*options.limit, UINT64_MAX - options.offset.value_or(0)) : UINT64_MAX),
        slack_rows_(std::clamp<uint64_t>(table.session()->budget().limit_bytes() / (16 * kRowBytes), 1024, kSlackRows)),
        charge_(table.session()->budget(), 0, "rows to sort") {
    if (options.include_deleted_rows) throw Invalid("scan: include_deleted_rows goes without order_by");
    ScanOptions read{.columns = {{}}, .filter = options.filter, .fragment_ids = options.fragment_ids, .batch_rows = slack_rows_, .stats = options.stats};
    std::vector<std::string> paths;
    for (const SortKey& key : order_) paths.push_back(key.column);
    read.columns = paths;
    read.columns->push_back("_rowoffset");
    const std::unique_ptr<RecordBatchReader> reader = table.Scan(read);
    paths.push_back("_rowoffset");
    const ColumnPlaces places(paths, *reader->schema());
    while (std::optional<RecordBatch> batch = reader->Next()) Add(places.Find(batch->columns), static_cast<uint64_t>(batch->num_rows));
    if (!parts_.empty()) Choose();
    if (!parts_.empty()) positions_ = parts_[0].back();
  }

  std::vector<uint64_t> Positions() const {
    if (!positions_) return {};
    const uint64_t* values = positions_->buffers[0].as<uint64_t>() + positions_->offset;
    return {values, values + positions_->length};
  }

 private:
  void Add(std::vector<ArrayPtr> columns, uint64_t rows) {
    for (const ArrayPtr& column : columns) bytes_ += ArrayBytes(*column);
    charge_.Resize(bytes_ + kRowBytes * (rows_ + rows), "rows to sort");
    parts_.push_back(std::move(columns));
    rows_ += rows;
    if (rows_ > slack_rows_ && rows_ - slack_rows_ > most_) Choose();
  }

  // Leaves one part: what has to be kept, in order.
  void Choose() {
    std::vector<ArrayPtr> joined;
    for (size_t column = 0; column < parts_[0].size(); ++column) {
      std::vector<ArrayPtr> pieces;
      for (const std::vector<ArrayPtr>& part : parts_) pieces.push_back(part[column]);
      joined.push_back(ConcatArrays(pieces));
    }
    const std::vector<int64_t> places = SortPositions(std::span(joined).first(order_.size()), order_, most_);
    bytes_ = 0;
    for (ArrayPtr& column : joined) {
      column = TakeArray(column, places);
      bytes_ += ArrayBytes(*column);
    }
    parts_.assign(1, std::move(joined));
    rows_ = places.size();
    charge_.Resize(bytes_ + kRowBytes * rows_, "rows to sort");
  }

  const std::vector<SortKey>& order_;
  const uint64_t most_, slack_rows_;
  BudgetCharge charge_;
  std::vector<std::vector<ArrayPtr>> parts_;
  uint64_t rows_ = 0, bytes_ = 0;
  ArrayPtr positions_;
};

class SortedReader final : public RecordBatchReader {
 public:
  SortedReader(std::shared_ptr<const TableReader> table, const ScanOptions& options)
      : table_(std::move(table)),
        options_(options),
        plan_(table_->Plan(options)),
        limits_{.rows = options.batch_rows, .bytes = options.batch_bytes, .exact = options.strict_batches},
        block_bytes_(BlockBytes(table_->session()->budget())),
        cutter_(limits_, block_bytes_),
        tasks_(table_->session()->cpu_pool()) {
    if (options_.batch_rows == 0) throw Invalid("scan: batch_rows is 0");
    SortedKeys keys(*table_, options_);
    positions_ = keys.Positions();
    next_ = std::min<uint64_t>(options_.offset.value_or(0), positions_.size());
  }

  const SchemaPtr& schema() const override { return plan_->schema(); }

  std::optional<RecordBatch> Next() override {
    CheckInterrupt();
    while (true) {
      Prefetch();
      if (std::optional<RecordBatch> batch = cutter_.Pop(tasks_.empty())) return batch;
      if (tasks_.empty()) return std::nullopt;
      RecordBatch batch = tasks_.Next();
      for (const ArrayPtr& column : batch.columns) seen_bytes_ += ArrayBytes(*column);
      seen_rows_ += static_cast<uint64_t>(batch.num_rows);
      cutter_.Push(std::move(batch), true);
    }
  }

 private:
  uint64_t BlockRows() const {
    if (seen_rows_ == 0 && plan_->has_variable_columns()) return kFirstSortedRows;
    const uint64_t bytes = std::max({uint64_t{1}, plan_->fixed_bytes_per_row(), seen_rows_ ? seen_bytes_ / seen_rows_ : 0});
    return std::clamp<uint64_t>(block_bytes_ / bytes, 1, std::max<uint64_t>(options_.batch_rows, 8192));
  }

  void Prefetch() {
    const int threads = table_->session()->cpu_pool().num_threads();
    const size_t most = seen_rows_ == 0 && plan_->has_variable_columns() ? 1 : static_cast<size_t>(std::max(0, threads)) + 1;
    while (tasks_.size() < most && next_ < positions_.size()) {
      const uint64_t rows = std::min<uint64_t>(BlockRows(), positions_.size() - next_);
      const bool at_once = threads == 0 || (tasks_.empty() && next_ + rows == positions_.size());
      std::vector<uint64_t> part(positions_.begin() + static_cast<ptrdiff_t>(next_), positions_.begin() + static_cast<ptrdiff_t>(next_ + rows));
      next_ += rows;
      auto work = [table = table_, plan = plan_, part = std::move(part), stats = options_.stats] { return table->Take(*plan, part, stats); };
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
  std::vector<uint64_t> positions_;  ///< in the order wanted
  uint64_t next_ = 0;
  uint64_t seen_rows_ = 0, seen_bytes_ = 0;
  OrderedTasks<RecordBatch> tasks_;
};

}  // namespace

std::unique_ptr<RecordBatchReader> ScanSorted(std::shared_ptr<const TableReader> table, const ScanOptions& options) {
  return std::make_unique<SortedReader>(std::move(table), options);
}

}  // namespace eider::query
