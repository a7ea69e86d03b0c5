#include <algorithm>
#include <deque>

#include "eider/base/error.h"
#include "eider/base/memory_budget.h"
#include "eider/query/batch_cutter.h"
#include "eider/query/computed_columns.h"
#include "eider/query/ordered_tasks.h"
#include "eider/query/row_filter.h"
#include "eider/query/row_run.h"
#include "eider/query/row_width.h"
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
/// What a task reads at most: more than a batch, since a chunk at a border is decoded twice. All tasks hold a part of the budget.
constexpr uint64_t kMostBlockBytes = 16 << 20, kScanParts = 3;
/// Shorter runs are read together, by one task.
constexpr uint64_t kMergedRows = 4096;
constexpr size_t kMergedRuns = 64;
constexpr uint64_t kMostComputedRows = 64 << 10;
/// Batches this many times shorter than wanted are joined whatever fragments they are of.
constexpr uint64_t kTinyShare = 16;

/// What a task hands out: of values that took more than was thought, only some are computed.
struct ScannedBatch {
  size_t fragment;
  RecordBatch batch;
  bool is_done;  ///< else columns have to be computed of it
};
using Batches = std::deque<ScannedBatch>;
using ComputedPtr = std::shared_ptr<const ComputedColumns>;

/// Reads runs of rows ahead on the CPU pool and cuts them into batches.
class ScanReader final : public RecordBatchReader {
 public:
  /// `computed` may be null; else `options` are those that it reads with.
  ScanReader(std::shared_ptr<const TableReader> table, const ScanOptions& options, ComputedPtr computed)
      : table_(std::move(table)),
        plan_(table_->Plan(options)),
        options_(options),
        computed_(std::move(computed)),
        filter_(options.filter ? std::make_shared<const RowFilter>(table_, options) : nullptr),
        reader_(std::make_shared<const RunReader>(table_, plan_, options, filter_ ? &filter_->plan() : nullptr)),
        source_(MakeSource()),
        skip_(options.offset.value_or(0)),
        left_(options.limit.value_or(UINT64_MAX)),
        block_bytes_(TaskBytes(*table_->session(), kScanParts, kMostBlockBytes)),
        width_(std::make_shared<const RowWidth>(table_, plan_, computed_ && computed_->makes_any_width())),
        limits_{.rows = options.batch_rows, .bytes = options.batch_bytes, .exact = options.strict_batches},
        joins_fragments_(std::ranges::none_of(schema()->fields, HasDictionary)),
        cutter_(limits_, block_bytes_ / kBatchesOfBlock),
        tasks_(table_->session()->cpu_pool()) {
    if (options_.batch_rows == 0) throw Invalid("scan: batch_rows is 0");
    if (options_.include_deleted_rows && !options_.with_row_id) throw Invalid("scan: include_deleted_rows needs with_row_id");
  }

  const SchemaPtr& schema() const override { return computed_ ? computed_->schema() : plan_->schema(); }

  std::optional<RecordBatch> Next() override {
    CheckInterrupt();
    while (true) {
      Prefetch();
      const bool at_end = tasks_.empty() && scanned_.empty();
      if (std::optional<RecordBatch> batch = cutter_.Pop(at_end)) return batch;
      if (at_end) return std::nullopt;
      if (scanned_.empty()) scanned_ = tasks_.Next(options_.in_order);
      else Cut();
      while (!scanned_.empty() && scanned_.front().is_done) Cut();
    }
  }

 private:
  /// Hands the next of scanned_ to the cutter.
  void Cut() {
    ScannedBatch& next = scanned_.front();
    const size_t fragment = next.fragment;
    RecordBatch batch = next.is_done ? std::move(next.batch) : computed_->ApplyTo(&next.batch, PartRows(limits_), *width_);
    if (next.is_done || next.batch.num_rows == 0) scanned_.pop_front();
    const bool is_tiny = joins_fragments_ && static_cast<uint64_t>(batch.num_rows) <= limits_.rows / kTinyShare;
    cutter_.Push(std::move(batch), filter_ || is_tiny || fragment == last_fragment_);
    last_fragment_ = fragment;
  }

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
      RowRun part = run_.Cut(std::min({run_.size(), left_, BlockRows(run_.fragment)}));
      left_ -= part.size();
      taken_ += part.size();
      return part;
    }
    return std::nullopt;
  }

  // Rows per block, up to the end of a batch: batches that fit the block's bytes.
  uint64_t BlockRows(size_t fragment) const {
    if (width_->is_unknown()) return width_->RowsIn(block_bytes_, fragment);
    const uint64_t bytes = width_->row_bytes(fragment), threads = TasksAtOnce(table_->session()->cpu_pool()) - 1;
    const uint64_t share = std::max(run_.size() / (2 * std::max<uint64_t>(1, threads)), kLeastBlockBytes / bytes);
    const uint64_t rows = std::clamp<uint64_t>(block_bytes_ / bytes, 1, std::max<uint64_t>(share, 1));
    const uint64_t batch = BatchRows(limits_, bytes, block_bytes_ / kBatchesOfBlock);
    return (rows <= batch ? batch : rows / batch * batch) - taken_ % batch;
  }

  bool HasRoom() const {
    const MemoryBudget& budget = table_->session()->budget();
    const uint64_t dictionaries = width_->read_bytes() * (tasks_.size() + 1);
    return dictionaries <= budget.limit_bytes() / kScanParts &&
           budget.limit_bytes() - std::min(budget.limit_bytes(), budget.used_bytes()) >= 2 * block_bytes_;
  }

  // Starts as many blocks as threads and budget allow, at least one when none is under way.
  void Prefetch() {
    const auto next = [this]() -> std::function<Batches()> {
      if (!tasks_.empty() && !HasRoom()) return nullptr;
      std::vector<RowRun> runs = NextRuns(tasks_.empty());
      if (runs.empty()) return nullptr;
      return [reader = reader_, computed = computed_, width = width_, limits = limits_, most = block_bytes_, runs = std::move(runs), stats = options_.stats] {
        const StageTimer timer(&ScanStats::read_ns, stats);
        Batches batches;
        uint64_t left = most;
        for (const RowRun& run : runs) {
          AddRows(&ScanStats::rows_read, run.size(), stats);
          RecordBatch batch = reader->Read(run);
          if (computed) Compute(*computed, std::move(batch), PartRows(limits), run.fragment, &left, *width, &batches);
          else width->Learn(batch), batches.push_back({run.fragment, std::move(batch), true});
        }
        return batches;
      };
    };
    tasks_.Fill(next, [this] { return IsExhausted(); }, width_->is_unknown());
  }

  /// As batches of few rows each: then intermediate values stay in the cache. What does not fit `left` bytes any more is
  /// for the one who takes the batches.
  static void Compute(const ComputedColumns& computed, RecordBatch batch, uint64_t part_rows, size_t fragment, uint64_t* left,
                      const RowWidth& width, Batches* out) {
    for (RecordBatch& part : computed.ApplyTo(&batch, part_rows, left, width)) out->push_back({fragment, std::move(part), true});
    if (batch.num_rows > 0) out->push_back({fragment, std::move(batch), false});
  }
  static uint64_t PartRows(const BatchLimits& limits) { return std::min(limits.rows, kMostComputedRows); }

  /// One long run, or several short ones.
  std::vector<RowRun> NextRuns(bool wait) {
    std::vector<RowRun> runs;
    uint64_t rows = 0, bytes = 0;
    while (rows < kMergedRows && bytes < block_bytes_ / 2 && runs.size() < kMergedRuns && (runs.empty() || !width_->is_unknown())) {
      std::optional<RowRun> run = NextRun(wait && runs.empty());
      if (!run) break;
      rows += run->size();
      bytes += run->size() * width_->row_bytes(run->fragment) + width_->read_bytes();
      runs.push_back(std::move(*run));
    }
    return runs;
  }

  bool IsExhausted() const { return left_ == 0 || (run_.size() == 0 && source_->exhausted()); }

  const std::shared_ptr<const TableReader> table_;
  const ReadPlanPtr plan_;
  const ScanOptions options_;
  const ComputedPtr computed_;
  const std::shared_ptr<const RowFilter> filter_;  ///< null: every row
  const std::shared_ptr<const RunReader> reader_;
  const std::unique_ptr<RowSource> source_;
  uint64_t skip_;
  uint64_t left_;
  const uint64_t block_bytes_;
  const std::shared_ptr<const RowWidth> width_;
  const BatchLimits limits_;
  const bool joins_fragments_;
  BatchCutter cutter_;
  Batches scanned_;  ///< by the latest task, not handed on
  RowRun run_;  ///< what is left of the source's latest run
  uint64_t taken_ = 0;  ///< rows taken from it
  size_t last_fragment_ = SIZE_MAX;
  OrderedTasks<Batches> tasks_;
};

}  // namespace

std::unique_ptr<RecordBatchReader> TableReader::Scan(const ScanOptions& options) const {
  if (!options.order_by.empty()) return ScanSorted(shared_from_this(), options);
  if (options.computed.empty()) return std::make_unique<ScanReader>(shared_from_this(), options, nullptr);
  auto computed = std::make_shared<const ComputedColumns>(*this, options);
  return std::make_unique<ScanReader>(shared_from_this(), computed->ReadOptions(), computed);
}

}  // namespace eider::query
