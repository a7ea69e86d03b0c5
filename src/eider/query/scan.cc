#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <numeric>

#include "eider/base/error.h"
#include "eider/base/memory_budget.h"
#include "eider/base/task_pool.h"
#include "eider/query/table_reader.h"

namespace eider::query {
namespace {

// Decoding larger blocks than a batch spares work at chunk borders; this bounds what one block may hold.
constexpr uint64_t kBlockBytes = 16 << 20;
/// Bytes of blobs may lie outside the data files, which then say nothing of their sizes: a small block is read first.
constexpr uint64_t kFirstBlobRows = 16;

/// A run of live rows within one fragment, decoded at once.
struct Block {
  size_t fragment = 0;
  uint64_t first = 0;
  uint64_t count = 0;
};

/// A block on its way: filled by a task, awaited by the reader.
struct PendingBlock {
  std::mutex mutex;
  std::condition_variable ready;
  bool done = false;
  std::optional<RecordBatch> batch;
  std::exception_ptr error;
};

/// Decodes blocks ahead on the CPU pool and cuts them into batches, in row order.
class ScanReader : public RecordBatchReader {
 public:
  ScanReader(std::shared_ptr<const TableReader> table, ReadPlanPtr plan, const ScanOptions& options)
      : table_(std::move(table)), plan_(std::move(plan)), options_(options) {
    if (options_.batch_rows == 0) throw Invalid("scan: batch_rows is 0");
    SelectFragments();
    skip_ = options_.offset.value_or(0);
    left_ = options_.limit.value_or(UINT64_MAX);
    SkipToOffset();
    const uint64_t limit = table_->session()->budget().limit_bytes();
    block_bytes_ = std::min<uint64_t>(kBlockBytes, std::max<uint64_t>(limit / 8, 64 << 10));
    max_pending_ = static_cast<size_t>(std::max(0, table_->session()->cpu_pool().num_threads())) + 1;
  }

  ~ScanReader() override {
    if (!IsOurs()) return;
    for (const std::shared_ptr<PendingBlock>& block : pending_) Wait(*block);
  }

  const SchemaPtr& schema() const override { return plan_->schema(); }

  std::optional<RecordBatch> Next() override {
    CheckInterrupt();
    if (!IsOurs()) throw Invalid("scan: it was begun before this process was forked; begin another");
    while (true) {
      if (current_ && current_row_ < current_->num_rows) return CutBatch();
      current_.reset();
      Prefetch();
      if (pending_.empty()) return std::nullopt;
      const std::shared_ptr<PendingBlock> block = pending_.front();
      Wait(*block);
      pending_.pop_front();
      if (block->error) std::rethrow_exception(block->error);
      current_ = std::move(*block->batch);
      current_row_ = 0;
      Learn(*current_);
    }
  }

 private:
  /// False in a process forked since: nobody fills the blocks that are under way there.
  bool IsOurs() const { return owner_ == getpid(); }

  void SelectFragments() {
    if (!options_.fragment_ids) {
      fragments_.resize(table_->num_fragments());
      std::iota(fragments_.begin(), fragments_.end(), size_t{0});
      return;
    }
    for (const uint64_t id : *options_.fragment_ids) {
      const std::optional<size_t> index = table_->snapshot().manifest->FindFragment(id);
      if (!index) throw NotFound("fragment {} is not in version {}", id, table_->snapshot().version());
      fragments_.push_back(*index);
    }
  }

  uint64_t LiveRows(size_t fragment) const { return table_->fragment(fragment).live_rows(table_->context(nullptr)); }

  void SkipToOffset() {
    while (next_fragment_ < fragments_.size() && skip_ > 0) {
      const uint64_t rows = LiveRows(fragments_[next_fragment_]);
      if (skip_ < rows) break;
      skip_ -= rows;
      ++next_fragment_;
    }
    next_row_ = skip_;
  }

  // Rows per block: whole batches that fit the block's bytes, by what the types fix and what was seen so far.
  uint64_t BlockRows(const FragmentReader& fragment) const {
    uint64_t bytes = std::max<uint64_t>(plan_->fixed_bytes_per_row(), 1);
    if (seen_rows_ > 0) {
      bytes = std::max(bytes, seen_bytes_ / seen_rows_);
    } else if (plan_->has_variable_columns()) {
      bytes += fragment.stored_bytes_per_row();
    }
    const uint64_t rows = std::max<uint64_t>(1, block_bytes_ / bytes);
    if (MustLearn()) return std::min(rows, kFirstBlobRows);
    if (rows <= options_.batch_rows) return rows >= options_.batch_rows / 4 ? options_.batch_rows : rows;
    return rows / options_.batch_rows * options_.batch_rows;
  }

  bool MustLearn() const { return plan_->has_blobs() && seen_rows_ == 0; }

  std::optional<Block> NextBlock() {
    while (next_fragment_ < fragments_.size() && left_ > 0) {
      const size_t index = fragments_[next_fragment_];
      const uint64_t rows = LiveRows(index);
      if (next_row_ >= rows) {
        ++next_fragment_;
        next_row_ = 0;
        continue;
      }
      const Block block{index, next_row_, std::min({rows - next_row_, left_, BlockRows(table_->fragment(index))})};
      next_row_ += block.count;
      left_ -= block.count;
      return block;
    }
    return std::nullopt;
  }

  // Starts as many blocks as threads and budget allow, at least one when none is under way.
  void Prefetch() {
    while (pending_.size() < (MustLearn() ? size_t{1} : max_pending_)) {
      if (!pending_.empty()) {
        MemoryBudget& budget = table_->session()->budget();
        if (budget.limit_bytes() - std::min(budget.limit_bytes(), budget.used_bytes()) < 2 * block_bytes_) return;
      }
      const std::optional<Block> next = NextBlock();
      if (!next) return;
      auto block = std::make_shared<PendingBlock>();
      auto task = [table = table_, plan = plan_, next = *next, block, stats = options_.stats] {
        std::optional<RecordBatch> batch;
        std::exception_ptr error;
        try {
          batch = ReadBlock(*table, *plan, next, stats);
        } catch (...) {
          error = std::current_exception();
        }
        std::lock_guard lock(block->mutex);
        block->batch = std::move(batch);
        block->error = error;
        block->done = true;
        block->ready.notify_all();
      };
      pending_.push_back(block);
      if (max_pending_ == 1 || (pending_.size() == 1 && Exhausted())) {
        task();  // nothing to overlap with: spare the hand-over
        return;
      }
      table_->session()->cpu_pool().Submit(std::move(task));
    }
  }

  bool Exhausted() const {
    if (left_ == 0) return true;
    return next_fragment_ >= fragments_.size() ||
           (next_fragment_ + 1 == fragments_.size() && next_row_ >= LiveRows(fragments_[next_fragment_]));
  }

  static RecordBatch ReadBlock(const TableReader& table, const ReadPlan& plan, const Block& block, ScanStats* stats) {
    const file::ReadContext context = table.context(stats);
    std::vector<ArrayPtr> fields;
    if (!plan.projected().fields.empty()) {
      fields = table.fragment(block.fragment).ReadLive(plan, block.first, block.count, context);
    }
    std::vector<uint64_t> live;
    if (plan.needs_addresses()) {
      live.resize(block.count);
      std::iota(live.begin(), live.end(), block.first);
    }
    RecordBatch batch = table.Assemble(plan, std::move(fields), block.fragment, live, context);
    batch.num_rows = static_cast<int64_t>(block.count);
    return batch;
  }

  static void Wait(PendingBlock& block) {
    std::unique_lock lock(block.mutex);
    block.ready.wait(lock, [&block] { return block.done; });
  }

  void Learn(const RecordBatch& batch) {
    uint64_t bytes = 0;
    for (const ArrayPtr& column : batch.columns) bytes += ArrayBytes(*column);
    seen_bytes_ += bytes;
    seen_rows_ += static_cast<uint64_t>(batch.num_rows);
  }

  RecordBatch CutBatch() {
    const int64_t rows = std::min<int64_t>(current_->num_rows - current_row_, static_cast<int64_t>(options_.batch_rows));
    RecordBatch batch{.schema = plan_->schema(), .num_rows = rows};
    for (const ArrayPtr& column : current_->columns) {
      batch.columns.push_back(rows == current_->num_rows ? column : SliceArray(column, current_row_, rows));
    }
    current_row_ += rows;
    return batch;
  }

  const std::shared_ptr<const TableReader> table_;
  const ReadPlanPtr plan_;
  const ScanOptions options_;
  const pid_t owner_ = getpid();
  std::vector<size_t> fragments_;
  size_t next_fragment_ = 0;
  uint64_t next_row_ = 0;
  uint64_t skip_ = 0;
  uint64_t left_ = 0;
  uint64_t block_bytes_ = 0;
  size_t max_pending_ = 1;
  uint64_t seen_bytes_ = 0, seen_rows_ = 0;
  std::deque<std::shared_ptr<PendingBlock>> pending_;
  std::optional<RecordBatch> current_;
  int64_t current_row_ = 0;
};

}  // namespace

std::unique_ptr<RecordBatchReader> TableReader::Scan(const ScanOptions& options) const {
  return std::make_unique<ScanReader>(shared_from_this(), Plan(options), options);
}

}  // namespace eider::query
