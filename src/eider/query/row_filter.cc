#include "eider/query/row_filter.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "eider/array/take.h"
#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/base/memory_budget.h"
#include "eider/base/task_pool.h"
#include "eider/query/ordered_tasks.h"
#include "eider/query/stage_timer.h"

namespace eider::query {
namespace {

/// Rows evaluated at once: few enough for intermediate values to stay in the cache.
constexpr int64_t kSliceRows = 16 << 10;
/// What a task decodes at most.
constexpr uint64_t kTaskRows = 32 << 10, kTaskBytes = 16 << 20, kFirstRows = 8 << 10;
constexpr size_t kTaskRuns = 64;
/// A guess, for values of which none was seen.
constexpr uint64_t kVariableBytes = 64;

ScanOptions ToReadColumns(const TableReader& table, const ScanOptions& options, const expr::Expression& expression) {
  return {.columns = ReadColumns(expression.columns(), table.snapshot().manifest->schema()), .include_deleted_rows = options.include_deleted_rows, .stats = options.stats};
}

/// Calls body(first, word) for each 64 bits.
template <typename Body>
void ForEachWord(const Buffer& bits, int64_t count, Body body) {
  for (int64_t first = 0; first < count; first += 64) {
    uint64_t word = 0;
    std::memcpy(&word, bits.data() + first / 8, static_cast<size_t>(std::min<int64_t>(8, (count - first + 7) / 8)));
    body(first, word);
  }
}

}  // namespace

RowFilter::RowFilter(std::shared_ptr<const TableReader> table, const ScanOptions& options)
    : expression_(ParseCondition(*options.filter, *table->Plan({})->schema())),
      plan_(table->Plan(ToReadColumns(*table, options, *expression_))),
      reader_(table, plan_, ToReadColumns(*table, options, *expression_)),
      places_(expression_->columns(), *plan_->schema()),
      stats_(options.stats) {}

RecordBatch RowFilter::ReadColumnsOf(const RowRun& run) const {
  const StageTimer timer(&ScanStats::filter_read_ns, stats_);
  AddRows(&ScanStats::rows_filtered, run.size(), stats_);
  return reader_.Read(run);
}

// Reads the run and evaluates it slice by slice.
RecordBatch RowFilter::Evaluate(const RowRun& run, const Visit& visit) const {
  RecordBatch batch = ReadColumnsOf(run);
  seen_bytes_.fetch_add(BatchBytes(batch), std::memory_order_relaxed);
  seen_rows_.fetch_add(run.size(), std::memory_order_relaxed);
  const std::vector<ArrayPtr> columns = places_.Find(batch.columns);
  std::vector<ArrayPtr> slice(columns.size());
  const StageTimer timer(&ScanStats::filter_ns, stats_);
  for (int64_t first = 0; first < batch.num_rows; first += kSliceRows) {
    const int64_t count = std::min(kSliceRows, batch.num_rows - first);
    for (size_t i = 0; i < columns.size(); ++i) slice[i] = SliceArray(columns[i], first, count);
    visit(first, count, expression_->Select(slice, count));
  }
  return batch;
}

RowRun RowFilter::Apply(const RowRun& run, const std::vector<bool>& kept) const {
  std::vector<int64_t> places;
  const RecordBatch batch = Evaluate(run, [&](int64_t first, int64_t count, const Buffer& passing) {
    ForEachWord(passing, count, [&](int64_t at, uint64_t word) {
      for (; word != 0; word &= word - 1) places.push_back(first + at + std::countr_zero(word));
    });
  });
  RowRun out{.fragment = run.fragment, .first = run.first, .count = run.count, .chosen = run.chosen, .known = {}};
  const bool all = places.size() == run.size();
  if (!all) {
    std::vector<uint64_t> chosen(places.size());
    for (size_t i = 0; i < places.size(); ++i) {
      const auto place = static_cast<size_t>(places[i]);
      chosen[i] = run.chosen ? (*run.chosen)[place] : run.first + place;
    }
    out.chosen = std::move(chosen);
  }
  out.known.resize(plan_->projected().fields.size());
  for (size_t i = 0; i < plan_->outputs().size() && !places.empty(); ++i) {
    const int field = plan_->outputs()[i].field;
    if (field < 0 || !kept[static_cast<size_t>(field)]) continue;
    out.known[static_cast<size_t>(field)] = all ? batch.columns[i] : TakeArray(batch.columns[i], places);
  }
  return out;
}

uint64_t RowFilter::Count(const RowRun& run) const {
  uint64_t rows = 0;
  Evaluate(run, [&](int64_t, int64_t count, const Buffer& passing) {
    ForEachWord(passing, count, [&](int64_t, uint64_t word) { rows += static_cast<uint64_t>(std::popcount(word)); });
  });
  return rows;
}

uint64_t RowFilter::row_bytes() const {
  const uint64_t rows = seen_rows_.load(std::memory_order_relaxed);
  const uint64_t fixed = std::max<uint64_t>(1, plan_->fixed_bytes_per_row());
  if (rows > 0) return std::max(fixed, seen_bytes_.load(std::memory_order_relaxed) / rows);
  return plan_->has_variable_columns() ? fixed + kVariableBytes : fixed;
}

FilterBlocks::FilterBlocks(const TableReader& table, const RowFilter& filter, const ScanOptions& options)
    : table_(table),
      filter_(filter),
      pruning_(table, filter.expression(), filter.plan()),
      fragments_(table, options),
      include_deleted_(options.include_deleted_rows),
      most_bytes_(std::min(kTaskBytes, std::max<uint64_t>(table.session()->budget().limit_bytes() / 16, 64 << 10))),
      block_rows_(options.limit || filter.plan().has_variable_columns() ? kFirstRows : kTaskRows) {}

bool FilterBlocks::FindRun() {
  while (run_.size() == 0) {
    if (runs_.empty()) {
      const std::optional<RowRun> fragment = fragments_.Next(true);
      if (!fragment) return false;
      if (include_deleted_) {  // pruning counts live rows
        run_ = *fragment;
        continue;
      }
      runs_ = ToRuns(fragment->fragment, pruning_.Candidates(fragment->fragment, table_.context(nullptr)));
      std::ranges::reverse(runs_);
      continue;
    }
    run_ = std::move(runs_.back());
    runs_.pop_back();
  }
  return true;
}

std::vector<RowRun> FilterBlocks::Next() {
  std::vector<RowRun> blocks;
  uint64_t rows = 0;
  block_rows_ = std::clamp<uint64_t>(most_bytes_ / filter_.row_bytes(), 1, block_rows_);
  while (rows < block_rows_ && blocks.size() < kTaskRuns) {
    if (!FindRun()) break;
    blocks.push_back(run_.Cut(std::min(run_.size(), block_rows_ - rows)));
    rows += blocks.back().size();
  }
  block_rows_ = std::min(kTaskRows, 2 * block_rows_);
  return blocks;
}

struct FilteredRows::Tasks {
  TaskPool& pool;
  OrderedTasks<std::vector<RowRun>> tasks{pool};
};

FilteredRows::FilteredRows(const TableReader& table, std::shared_ptr<const RowFilter> filter, const ScanOptions& options,
                           std::vector<bool> kept)
    : filter_(std::move(filter)),
      kept_(std::move(kept)),
      in_order_(options.in_order),
      blocks_(table, *filter_, options),
      tasks_(new Tasks{table.session()->cpu_pool()}) {}

FilteredRows::~FilteredRows() = default;

bool FilteredRows::exhausted() const { return found_.empty() && tasks_->tasks.empty() && blocks_.exhausted(); }

void FilteredRows::Prefetch() {
  const int threads = tasks_->pool.num_threads();
  while (tasks_->tasks.size() < static_cast<size_t>(std::max(0, threads)) + 1) {
    std::vector<RowRun> blocks = blocks_.Next();
    if (blocks.empty()) return;
    const bool at_once = threads == 0 || (tasks_->tasks.empty() && blocks_.exhausted());
    auto work = [filter = filter_, kept = kept_, blocks = std::move(blocks)] {
      std::vector<RowRun> found;
      for (const RowRun& block : blocks) {
        RowRun passing = filter->Apply(block, kept);
        if (passing.size() > 0) found.push_back(std::move(passing));
      }
      return found;
    };
    tasks_->tasks.Start(std::move(work), at_once);
    if (at_once) return;
  }
}

std::optional<RowRun> FilteredRows::Next(bool wait) {
  while (found_.empty()) {
    CheckInterrupt();
    Prefetch();
    if (tasks_->tasks.empty() || (!wait && !tasks_->tasks.IsReady())) return std::nullopt;
    found_ = tasks_->tasks.Next(in_order_);
    std::ranges::reverse(found_);
  }
  RowRun run = std::move(found_.back());
  found_.pop_back();
  return run;
}

uint64_t TableReader::CountRows(const ScanOptions& options) const {
  uint64_t rows = 0;
  if (!options.filter) {
    FragmentRows source(*this, options);
    while (const std::optional<RowRun> run = source.Next(true)) rows += run->size();
  } else {
    const auto filter = std::make_shared<const RowFilter>(shared_from_this(), options);
    FilterBlocks blocks(*this, *filter, options);
    OrderedTasks<uint64_t> tasks(session_->cpu_pool());
    const size_t most = static_cast<size_t>(std::max(0, session_->cpu_pool().num_threads())) + 1;
    while (true) {
      CheckInterrupt();
      while (tasks.size() < most && !blocks.exhausted()) {
        auto work = [filter, runs = blocks.Next()] {
          uint64_t found = 0;
          for (const RowRun& run : runs) found += filter->Count(run);
          return found;
        };
        tasks.Start(std::move(work), most == 1 || (tasks.empty() && blocks.exhausted()));
      }
      if (tasks.empty()) break;
      rows += tasks.Next();
    }
  }
  rows -= std::min(rows, options.offset.value_or(0));
  return std::min(rows, options.limit.value_or(UINT64_MAX));
}

}  // namespace eider::query
