#include "eider/query/row_filter.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "eider/array/take.h"
#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/query/stage_timer.h"

namespace eider::query {
namespace {

/// Rows evaluated at once: few enough for intermediate values to stay in the cache.
constexpr int64_t kSliceRows = 16 << 10;
/// What a task decodes at most; all that are under way no more than a part of the budget.
constexpr uint64_t kFilterTaskRows = 32 << 10, kFilterTaskBytes = 16 << 20, kFirstFilterRows = 8 << 10, kFilterParts = 8;
constexpr size_t kFilterTaskRuns = 64;

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
      stats_(options.stats),
      width_(table, plan_),
      portions_(TaskBytes(*table->session(), kFilterParts, kFilterTaskBytes)) {}

RecordBatch RowFilter::ReadColumnsOf(const RowRun& run) const {
  const StageTimer timer(&ScanStats::filter_read_ns, stats_);
  AddRows(&ScanStats::rows_filtered, run.size(), stats_);
  return reader_.Read(run);
}

// Reads the run and evaluates it slice by slice.
RecordBatch RowFilter::Evaluate(const RowRun& run, const Visit& visit) const {
  RecordBatch batch = ReadColumnsOf(run);
  width_.Learn(batch);
  const std::vector<ArrayPtr> columns = places_.Find(batch.columns);
  std::vector<ArrayPtr> slice(columns.size());
  const StageTimer timer(&ScanStats::filter_ns, stats_);
  for (int64_t first = 0; first < batch.num_rows;) {
    Buffer passing;
    const int64_t count = portions_.Next(std::min(kSliceRows, batch.num_rows - first), [&](int64_t rows) {
      for (size_t i = 0; i < columns.size(); ++i) slice[i] = SliceArray(columns[i], first, rows);
      passing = expression_->Select(slice, rows);
    });
    visit(first, count, passing);
    first += count;
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

FilterBlocks::FilterBlocks(const TableReader& table, const RowFilter& filter, const ScanOptions& options)
    : table_(table),
      filter_(filter),
      pruning_(table, filter.expression(), filter.plan()),
      fragments_(table, options),
      include_deleted_(options.include_deleted_rows),
      most_bytes_(TaskBytes(*table.session(), kFilterParts, kFilterTaskBytes)),
      block_rows_(options.limit ? kFirstFilterRows : kFilterTaskRows) {}

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
  if (!FindRun()) return blocks;
  const uint64_t most = std::min(block_rows_, filter_.width().RowsIn(most_bytes_, run_.fragment));
  for (uint64_t rows = 0; rows < most && blocks.size() < kFilterTaskRuns && FindRun(); rows += blocks.back().size()) {
    blocks.push_back(run_.Cut(std::min(run_.size(), most - rows)));
  }
  block_rows_ = std::min(kFilterTaskRows, 2 * block_rows_);
  return blocks;
}

FilteredRows::FilteredRows(const TableReader& table, std::shared_ptr<const RowFilter> filter, const ScanOptions& options,
                           std::vector<bool> kept)
    : filter_(std::move(filter)),
      kept_(std::move(kept)),
      in_order_(options.in_order),
      blocks_(table, *filter_, options),
      tasks_(table.session()->cpu_pool()) {}

void FilteredRows::Prefetch() {
  const auto next = [this]() -> std::function<std::vector<RowRun>()> {
    std::vector<RowRun> blocks = blocks_.Next();
    if (blocks.empty()) return nullptr;
    return [filter = filter_, kept = kept_, blocks = std::move(blocks)] {
      std::vector<RowRun> found;
      for (const RowRun& block : blocks) {
        RowRun passing = filter->Apply(block, kept);
        if (passing.size() > 0) found.push_back(std::move(passing));
      }
      return found;
    };
  };
  tasks_.Fill(next, [this] { return blocks_.exhausted(); }, blocks_.is_alone());
}

std::optional<RowRun> FilteredRows::Next(bool wait) {
  while (found_.empty()) {
    CheckInterrupt();
    Prefetch();
    if (tasks_.empty() || (!wait && !tasks_.IsReady())) return std::nullopt;
    found_ = tasks_.Next(in_order_);
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
    const auto next = [&]() -> std::function<uint64_t()> {
      std::vector<RowRun> runs = blocks.Next();
      if (runs.empty()) return nullptr;
      return [filter, runs = std::move(runs)] {
        uint64_t found = 0;
        for (const RowRun& run : runs) found += filter->Count(run);
        return found;
      };
    };
    while (true) {
      CheckInterrupt();
      tasks.Fill(next, [&] { return blocks.exhausted(); }, blocks.is_alone());
      if (tasks.empty()) break;
      rows += tasks.Next();
    }
  }
  rows -= std::min(rows, options.offset.value_or(0));
  return std::min(rows, options.limit.value_or(UINT64_MAX));
}

}  // namespace eider::query
