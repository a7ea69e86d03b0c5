#include <algorithm>

#include "eider/base/error.h"
#include "eider/base/memory_budget.h"
#include "eider/base/task_pool.h"
#include "eider/query/batch_cutter.h"
#include "eider/query/computed_columns.h"
#include "eider/query/ordered_tasks.h"
#include "eider/query/row_filter.h"
#include "eider/query/row_run.h"
#include "eider/query/run_reader.h"
#include "eider/query/sorted_scan.h"
#include "eider/query/stage_timer.h"
#include "eider/query/table_reader.h"

namespace eider::query {
namespace {

// Towards the end blocks get smaller, so that the threads finish together, down to this.
constexpr uint64_t kLeastBlockBytes = 1 << 20;
/// Batches of wide rows in a block, at least.
constexpr uint64_t kBatchesOfBlock = 4;
/// What is read first where nothing says how wide a value is: bytes of blobs may lie outside the data files, and a page of few
/// bytes may hold long strings.
constexpr uint64_t kFirstBlobRows = 16, kFirstVariableRows = 1024;
/// Shorter runs are read together, by one task.
constexpr uint64_t kMergedRows = 4096;
constexpr size_t kMergedRuns = 64;
/// Batches this many times shorter than wanted are joined whatever fragments they are of.
constexpr uint64_t kTinyShare = 16;

// Dictionaries that are joined may have more values than their keys can name.
bool HasDictionary(const Field& field) {
  return field.type->id == TypeId::kDictionary || std::ranges::any_of(field.type->children, HasDictionary);
}

/// Batches of one task, each with the fragment that it is of.
using Batches = std::vector<std::pair<size_t, RecordBatch>>;

/// Reads runs of rows ahead on the CPU pool and cuts them into batches.
class ScanReader : public RecordBatchReader {
 public:
  ScanReader(std::shared_ptr<const TableReader> table, ReadPlanPtr plan, const ScanOptions& options)
      : table_(std::move(table)),
        plan_(std::move(plan)),
        options_(options),
        filter_(options.filter ? std::make_shared<const RowFilter>(table_, options) : nullptr),
        reader_(std::make_shared<const RunReader>(table_, plan_, options, filter_ ? &filter_->plan() : nullptr)),
        source_(MakeSource()),
        skip_(options.offset.value_or(0)),
        left_(options.limit.value_or(UINT64_MAX)),
        block_bytes_(BlockBytes(table_->session()->budget())),
        limits_{.rows = options.batch_rows, .bytes = options.batch_bytes, .exact = options.strict_batches},
        joins_fragments_(std::ranges::none_of(plan_->schema()->fields, HasDictionary)),
        cutter_(limits_, block_bytes_ / kBatchesOfBlock),
        tasks_(table_->session()->cpu_pool()) {
    if (options_.batch_rows == 0) throw Invalid("scan: batch_rows is 0");
    if (options_.include_deleted_rows && !options_.with_row_id) throw Invalid("scan: include_deleted_rows needs with_row_id");
  }

  const SchemaPtr& schema() const override { return plan_->schema(); }

  std::optional<RecordBatch> Next() override {
    CheckInterrupt();
    while (true) {
      Prefetch();
      if (std::optional<RecordBatch> batch = cutter_.Pop(tasks_.empty())) return batch;
      if (tasks_.empty()) return std::nullopt;
      for (auto& [fragment, batch] : tasks_.Next(options_.in_order)) {
        Learn(batch);
        const bool is_tiny = joins_fragments_ && static_cast<uint64_t>(batch.num_rows) <= limits_.rows / kTinyShare;
        cutter_.Push(std::move(batch), filter_ || is_tiny || fragment == last_fragment_);
        last_fragment_ = fragment;
      }
    }
  }

 private:
  std::unique_ptr<RowSource> MakeSource() const {
    if (!filter_) return std::make_unique<FragmentRows>(*table_, options_);
    return std::make_unique<FilteredRows>(*table_, filter_, options_, reader_->TakenOver());
  }

  /// The next rows to read at once.
  std::optional<RowRun> NextRun(bool wait) {
    while (left_ > 0) {
      if (run_.size() == 0) {
        std::optional<RowRun> next = source_->Next(wait);
        if (!next) return std::nullopt;
        run_ = std::move(*next);
        taken_ = 0;
      }
      if (skip_ > 0) {
        skip_ -= run_.Cut(std::min(skip_, run_.size())).size();
        continue;
      }
      RowRun part = run_.Cut(std::min({run_.size(), left_, BlockRows(table_->fragment(run_.fragment))}));
      left_ -= part.size();
      taken_ += part.size();
      return part;
    }
    return std::nullopt;
  }

  /// By what the types fix and what was seen so far.
  uint64_t RowBytes(const FragmentReader& fragment) const {
    uint64_t bytes = std::max<uint64_t>(plan_->fixed_bytes_per_row(), 1);
    if (seen_rows_ > 0) return std::max(bytes, seen_bytes_ / seen_rows_);
    if (!plan_->has_variable_columns()) return bytes;
    for (const uint64_t stored : fragment.StoredBytesPerRow(*plan_, table_->context(nullptr))) bytes += stored;
    return bytes;
  }

  // Rows per block, up to the end of a batch: batches that fit the block's bytes.
  uint64_t BlockRows(const FragmentReader& fragment) const {
    const uint64_t bytes = RowBytes(fragment);
    if (MustLearn()) {
      return std::clamp<uint64_t>(kLeastBlockBytes / bytes, 1, plan_->has_blobs() ? kFirstBlobRows : kFirstVariableRows);
    }
    const auto threads = static_cast<uint64_t>(std::max(1, table_->session()->cpu_pool().num_threads()));
    const uint64_t share = std::max(run_.size() / (2 * threads), kLeastBlockBytes / bytes);
    const uint64_t rows = std::clamp<uint64_t>(block_bytes_ / bytes, 1, std::max<uint64_t>(share, 1));
    const uint64_t batch = BatchRows(limits_, bytes, block_bytes_ / kBatchesOfBlock);
    return (rows <= batch ? batch : rows / batch * batch) - taken_ % batch;
  }

  bool MustLearn() const { return seen_rows_ == 0 && (plan_->has_blobs() || plan_->has_variable_columns()); }

  bool HasRoom() const {
    const MemoryBudget& budget = table_->session()->budget();
    return budget.limit_bytes() - std::min(budget.limit_bytes(), budget.used_bytes()) >= 2 * block_bytes_;
  }

  // Starts as many blocks as threads and budget allow, at least one when none is under way.
  void Prefetch() {
    TaskPool& pool = table_->session()->cpu_pool();
    const size_t most = MustLearn() ? 1 : static_cast<size_t>(std::max(0, pool.num_threads())) + 1;
    while (tasks_.size() < most && (tasks_.empty() || HasRoom())) {
      std::vector<RowRun> runs = NextRuns(tasks_.empty());
      if (runs.empty()) return;
      // Nothing to overlap with: spare the hand-over.
      const bool at_once = pool.num_threads() == 0 || (tasks_.empty() && IsExhausted());
      auto work = [reader = reader_, runs = std::move(runs), stats = options_.stats] {
        const StageTimer timer(&ScanStats::read_ns, stats);
        Batches batches;
        for (const RowRun& run : runs) {
          AddRows(&ScanStats::rows_read, run.size(), stats);
          batches.emplace_back(run.fragment, reader->Read(run));
        }
        return batches;
      };
      tasks_.Start(std::move(work), at_once);
      if (at_once) return;
    }
  }

  /// One long run, or several short ones.
  std::vector<RowRun> NextRuns(bool wait) {
    std::vector<RowRun> runs;
    uint64_t rows = 0, bytes = 0;
    while (rows < kMergedRows && bytes < block_bytes_ / 2 && runs.size() < kMergedRuns && (runs.empty() || !MustLearn())) {
      std::optional<RowRun> run = NextRun(wait && runs.empty());
      if (!run) break;
      rows += run->size();
      bytes += run->size() * RowBytes(table_->fragment(run->fragment));
      runs.push_back(std::move(*run));
    }
    return runs;
  }

  bool IsExhausted() const { return left_ == 0 || (run_.size() == 0 && source_->exhausted()); }

  void Learn(const RecordBatch& batch) {
    seen_bytes_ += BatchBytes(batch);
    seen_rows_ += static_cast<uint64_t>(batch.num_rows);
  }

  const std::shared_ptr<const TableReader> table_;
  const ReadPlanPtr plan_;
  const ScanOptions options_;
  const std::shared_ptr<const RowFilter> filter_;  ///< null: every row
  const std::shared_ptr<const RunReader> reader_;
  const std::unique_ptr<RowSource> source_;
  uint64_t skip_;
  uint64_t left_;
  const uint64_t block_bytes_;
  const BatchLimits limits_;
  const bool joins_fragments_;
  BatchCutter cutter_;
  RowRun run_;  ///< what is left of the source's latest run
  uint64_t taken_ = 0;  ///< rows taken from it
  size_t last_fragment_ = SIZE_MAX;
  uint64_t seen_bytes_ = 0, seen_rows_ = 0;
  OrderedTasks<Batches> tasks_;
};

}  // namespace

std::unique_ptr<RecordBatchReader> TableReader::Scan(const ScanOptions& options) const {
  if (!options.computed.empty()) return ComputedColumns(*this, options).Scan(*this);
  if (!options.order_by.empty()) return ScanSorted(shared_from_this(), options);
  return std::make_unique<ScanReader>(shared_from_this(), Plan(options), options);
}

}  // namespace eider::query
