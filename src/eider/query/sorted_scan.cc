#include "eider/query/sorted_scan.h"

#include <algorithm>

#include "eider/array/row_sizes.h"
#include "eider/base/error.h"
#include "eider/base/memory_budget.h"
#include "eider/query/batch_cutter.h"
#include "eider/query/computed_columns.h"
#include "eider/query/ordered_tasks.h"
#include "eider/query/resident_rows.h"
#include "eider/query/row_groups.h"
#include "eider/query/row_sorter.h"
#include "eider/query/row_width.h"
#include "eider/query/sort_source.h"
#include "eider/query/stage_timer.h"
#include "eider/schema/field_path.h"

namespace eider::query {
namespace {

/// Rows whose keys one task reads; fewer at first where a limit may make the rest needless.
constexpr uint64_t kKeyRows = 32 << 10, kFirstKeyRows = 8 << 10;
/// What tasks take of the budget, and one of them at most.
constexpr uint64_t kKeyParts = 8, kTakeParts = 4, kSortTaskBytes = 16 << 20;
/// A block of rows that is read alone; more rows than this make it worth asking whether they should be.
constexpr uint64_t kMostAloneBytes = 256 << 20, kManyRows = 8192;
/// About what a page holds of rows, and how many times the rows' bytes may be read anew of what pages hold for all of theirs.
constexpr uint64_t kPageBytes = 8 << 20, kMostStateReads = 16;
/// Beside its keys, what a row in a block takes.
constexpr uint64_t kRecordBytes = 40;

uint64_t WantedRows(const ScanOptions& options) {
  if (!options.limit) return UINT64_MAX;
  const uint64_t offset = options.offset.value_or(0);
  return *options.limit == 0 ? 0 : offset + std::min(*options.limit, UINT64_MAX - offset);
}

/// The computed column that a key means: the table's columns go first.
const ComputedColumn* FindComputed(const TableReader& table, const ScanOptions& options, const SortKey& key) {
  const auto found = std::ranges::find(options.computed, key.column, &ComputedColumn::name);
  return found == options.computed.end() || table.snapshot().manifest->schema().FindPath(key.column) ? nullptr : &*found;
}

/// What reads the columns that the keys mean.
ScanOptions ToReadKeys(const TableReader& table, const ScanOptions& options) {
  ScanOptions keys{
      .columns = std::vector<std::string>(), .include_deleted_rows = options.include_deleted_rows, .stats = options.stats};
  for (const SortKey& key : options.order_by) {
    const ComputedColumn* computed = FindComputed(table, options, key);
    if (!computed) keys.columns->push_back(key.column);
    else if (std::ranges::find(keys.computed, key.column, &ComputedColumn::name) == keys.computed.end()) keys.computed.push_back(*computed);
  }
  return keys;
}

/// Where they lie in batches of that.
std::vector<std::string> KeyPaths(const TableReader& table, const ScanOptions& options) {
  std::vector<std::string> paths;
  for (const SortKey& key : options.order_by) paths.push_back(FindComputed(table, options, key) ? QuoteSegment(key.column) : key.column);
  return paths;
}

/// Rows before each fragment, as a scan with these options counts them.
const std::vector<uint64_t>& StartsOf(const TableReader& table, const ScanOptions& options) {
  return options.include_deleted_rows ? table.PhysicalStarts() : table.Starts();
}

/// The most that a row gets of a dictionary once its key is the value.
uint64_t MostValueBytes(const Array& array) {
  uint64_t most = 0;
  for (const ArrayPtr& child : array.children) most = std::max(most, MostValueBytes(*child));
  if (!array.dictionary) return most;
  const RowSizes sizes({&array.dictionary, 1});
  for (int64_t i = 0; i < array.dictionary->length; ++i) most = std::max(most, sizes[i]);
  return most;
}

/// How many rows have keys of `bytes`, as far as dictionaries make them longer.
uint64_t RowsOfValues(const RecordBatch& batch, uint64_t bytes) {
  uint64_t most = 0;
  for (const ArrayPtr& column : batch.columns) most += MostValueBytes(*column);
  return most == 0 ? UINT64_MAX : std::max<uint64_t>(1, bytes / most);
}

/// Reads the keys of rows that pass the filter, and their positions. Thread-safe.
class KeyReader {
 public:
  KeyReader(std::shared_ptr<const TableReader> table, const ScanOptions& options)
      : table_(std::move(table)),
        order_(options.order_by),
        computed_(*table_, ToReadKeys(*table_, options)),
        plan_(table_->Plan(computed_.ReadOptions())),
        filter_(options.filter ? std::make_unique<const RowFilter>(table_, options) : nullptr),
        reader_(table_, plan_, computed_.ReadOptions(), filter_ ? &filter_->plan() : nullptr),
        places_(KeyPaths(*table_, options), *computed_.schema()),
        starts_(StartsOf(*table_, options)),
        stats_(options.stats),
        width_(table_, plan_, computed_.makes_any_width()) {}

  const ReadPlan& plan() const { return *plan_; }
  const RowFilter* filter() const { return filter_.get(); }
  /// Nothing says how wide rows are.
  bool is_unknown() const { return filter_ && filter_->width().is_unknown() ? true : width_.is_unknown(); }
  /// Rows whose keys, and what the filter reads of them, take `bytes`; keys are there twice, as read and as records.
  uint64_t RowsIn(uint64_t bytes, size_t fragment) const {
    if (is_unknown()) return std::min(width_.RowsIn(bytes, fragment), filter_ ? filter_->width().RowsIn(bytes, fragment) : UINT64_MAX);
    return std::max<uint64_t>(1, bytes / RowBytes(fragment));
  }
  /// Tasks of `bytes` beside each other would hold too much, as single rows are that wide, or read the dictionaries of pages again
  /// and again.
  bool IsBetterAlone(uint64_t bytes) const {
    const uint64_t row_bytes = RowBytes(0);
    if (row_bytes * TasksAtOnce(table_->session()->cpu_pool()) > table_->session()->budget().limit_bytes() / 4) return true;
    if (!plan_->has_variable_columns() && !(filter_ && filter_->plan().has_variable_columns())) return false;
    uint64_t state_bytes = 0;
    for (size_t i = 0; i < table_->num_fragments(); ++i) {
      state_bytes += table_->fragment(i).UnkeptStateBytes(*plan_, table_->context(stats_));
      if (filter_) state_bytes += table_->fragment(i).UnkeptStateBytes(filter_->plan(), table_->context(stats_));
    }
    return state_bytes / bytes > kMostStateReads * starts_.back() * row_bytes / kPageBytes;
  }

  /// Keys of some rows, in order, and those of them that are left since the keys before took enough. They have passed the filter.
  struct Block {
    SortedBlock keys;
    std::vector<RowRun> rest;
  };
  Block Read(const std::vector<RowRun>& runs, bool have_passed, uint64_t most, uint64_t most_bytes, const SortBoundPtr& bound) const {
    Block out{.keys = SortedBlock(most), .rest = {}};
    SortedBlock& block = out.keys;
    for (const RowRun& run : runs) {
      RowRun passing = filter_ && !have_passed ? filter_->Apply(run, reader_.TakenOver()) : run;
      const bool is_full = block.memory_bytes() >= most_bytes;
      RecordBatch read = is_full ? RecordBatch() : ReadColumns(passing);
      width_.Learn(0, 0);
      while (read.num_rows > 0 && block.memory_bytes() < most_bytes) {
        const RecordBatch keys = computed_.ApplyTo(&read, RowsOfValues(read, most_bytes), width_);
        const StageTimer timer(&ScanStats::sort_ns, stats_);
        const RowRun part = passing.Cut(static_cast<uint64_t>(keys.num_rows));
        block.Add(ToSort(keys), RowPositions(part, starts_[part.fragment]), bound);
      }
      if (passing.size() > 0) out.rest.push_back(std::move(passing));
    }
    const StageTimer timer(&ScanStats::sort_ns, stats_);
    block.Finish();
    return out;
  }

 private:
  /// \pre !is_unknown()
  uint64_t RowBytes(size_t fragment) const {
    const uint64_t of_filter = filter_ ? filter_->width().row_bytes(fragment) : 0;
    return 2 * (of_filter + width_.row_bytes(fragment)) + kRecordBytes;
  }
  RecordBatch ReadColumns(const RowRun& run) const {
    if (run.size() == 0) return {};
    const StageTimer timer(&ScanStats::read_ns, stats_);
    AddRows(&ScanStats::rows_read, run.size(), stats_);
    return reader_.Read(run);
  }
  std::vector<SortColumn> ToSort(const RecordBatch& keys) const {
    const std::vector<ArrayPtr> arrays = places_.Find(keys.columns);
    std::vector<SortColumn> columns;
    for (size_t i = 0; i < arrays.size(); ++i) columns.emplace_back(arrays[i], order_[i]);
    return columns;
  }
  const std::shared_ptr<const TableReader> table_;
  const std::vector<SortKey> order_;
  const ComputedColumns computed_;
  const ReadPlanPtr plan_;
  const std::unique_ptr<const RowFilter> filter_;
  const RunReader reader_;
  const ColumnPlaces places_;
  const std::vector<uint64_t>& starts_;
  ScanStats* const stats_;
  const RowWidth width_;
};

/// Sorts the keys of a table's rows: tasks sort blocks, this thread puts them together.
class KeySort {
 public:
  KeySort(std::shared_ptr<const TableReader> table, const ScanOptions& options)
      : table_(std::move(table)), options_(options), most_(WantedRows(options)), keys_(std::make_shared<const KeyReader>(table_, options)) {}

  RowSorter Run() const {
    RowSorter sorter(table_->session()->budget(), table_->session()->cpu_pool(), most_);
    if (most_ > 0) SortInto(sorter);
    const StageTimer timer(&ScanStats::sort_ns, options_.stats);
    sorter.Finish();
    return sorter;
  }

 private:
  void SortInto(RowSorter& sorter) const {
    SortSource source(*table_, keys_->filter(), keys_->plan(), options_);
    OrderedTasks<KeyReader::Block> tasks(table_->session()->cpu_pool());
    std::vector<std::vector<RowRun>> rest;  // of blocks
    uint64_t bytes = TaskBytes(*table_->session(), kKeyParts, kSortTaskBytes), most_rows = kFirstKeyRows;
    std::optional<bool> is_alone;  // as soon as the width of rows is known
    const auto next = [&]() -> std::function<KeyReader::Block()> {
      std::vector<RowRun> runs;
      const bool have_passed = !rest.empty();
      if (have_passed) {
        runs = std::move(rest.back());
        rest.pop_back();
      } else {
        runs = source.Next(std::min(most_rows, keys_->RowsIn(bytes, source.fragment())), sorter.bound());
        most_rows = std::min(kKeyRows, 2 * most_rows);
      }
      if (runs.empty()) return nullptr;
      return [keys = keys_, runs = std::move(runs), have_passed, most = most_, bytes, bound = sorter.bound()] {
        return keys->Read(runs, have_passed, most, 2 * bytes, bound);
      };
    };
    while (true) {
      CheckInterrupt();
      if (!is_alone && !keys_->is_unknown()) {
        is_alone = keys_->IsBetterAlone(bytes);
        if (*is_alone) bytes = std::clamp(table_->session()->budget().limit_bytes() / kKeyParts, bytes, kMostAloneBytes);
      }
      tasks.Fill(next, [&] { return rest.empty() && source.exhausted(); }, is_alone.value_or(true));
      if (tasks.empty()) return;
      KeyReader::Block block = tasks.Next(false);
      if (!block.rest.empty()) rest.push_back(std::move(block.rest));
      const StageTimer timer(&ScanStats::sort_ns, options_.stats);
      sorter.Add(std::move(block.keys));
    }
  }

  const std::shared_ptr<const TableReader> table_;
  const ScanOptions options_;
  const uint64_t most_;
  const std::shared_ptr<const KeyReader> keys_;
};

/// Takes the rows in their order. They are sorted when the first is asked for.
class SortedReader final : public RecordBatchReader {
 public:
  SortedReader(std::shared_ptr<const TableReader> table, const ScanOptions& options)
      : table_(std::move(table)),
        options_(Checked(options)),
        computed_(options.computed.empty() ? nullptr : std::make_shared<const ComputedColumns>(*table_, options)),
        plan_(table_->Plan(computed_ ? computed_->ReadOptions() : options)),
        starts_(StartsOf(*table_, options)),
        limits_{.rows = options.batch_rows, .bytes = options.batch_bytes, .exact = options.strict_batches},
        block_bytes_(TaskBytes(*table_->session(), kTakeParts, kSortTaskBytes)),
        width_(std::make_shared<const RowWidth>(table_, plan_, computed_ && computed_->makes_any_width())),
        cutter_(limits_, block_bytes_),
        sort_(std::in_place, table_, options_),
        tasks_(table_->session()->cpu_pool()) {}

  const SchemaPtr& schema() const override { return computed_ ? computed_->schema() : plan_->schema(); }

  std::optional<RecordBatch> Next() override {
    CheckInterrupt();
    if (!rows_) Sort();
    while (true) {
      if (reads_alone_) {
        if (std::optional<RecordBatch> batch = cutter_.Pop(false)) return batch;
      }
      Prefetch();
      const bool at_end = tasks_.empty() && rest_.num_rows == 0;
      if (std::optional<RecordBatch> batch = cutter_.Pop(at_end)) return batch;
      if (at_end) return std::nullopt;
      if (rest_.num_rows > 0) {
        cutter_.Push(computed_->ApplyTo(&rest_, options_.batch_rows, *width_), true);
        continue;
      }
      TakenRows taken = tasks_.Next();
      for (RecordBatch& part : taken.done) cutter_.Push(std::move(part), true);
      rest_ = std::move(taken.rest);
    }
  }

 private:
  /// By one task. Of values that took more than was thought, only some are computed.
  struct TakenRows {
    std::vector<RecordBatch> done;
    RecordBatch rest;
  };
  static const ScanOptions& Checked(const ScanOptions& options) {
    if (options.batch_rows == 0) throw Invalid("scan: batch_rows is 0");
    if (options.include_deleted_rows && !options.with_row_id) throw Invalid("scan: include_deleted_rows needs with_row_id");
    return options;
  }

  void Sort() {
    rows_.emplace(sort_->Run());
    sort_.reset();
    for (uint64_t i = 0; i < options_.offset.value_or(0) && rows_->Next(); ++i) {}
    if (TakesMost()) resident_ = ResidentRows::Read(*table_, *plan_, computed_ ? computed_->ReadOptions() : options_);
    if (!resident_ && options_.limit.value_or(UINT64_MAX) > kManyRows && UnkeptStateBytes() > block_bytes_) {
      reads_alone_ = true;
      block_bytes_ = std::clamp(table_->session()->budget().limit_bytes() / kTakeParts, block_bytes_, kMostAloneBytes);
    }
  }

  bool TakesMost() const {
    const uint64_t rows = table_->num_rows();
    return !options_.filter && !options_.fragment_ids && !options_.include_deleted_rows && rows > kManyRows && options_.limit.value_or(UINT64_MAX) >= rows / 2;
  }

  /// What every block of rows reads anew, as its rows are of all pages.
  uint64_t UnkeptStateBytes() const {
    uint64_t bytes = 0;
    const file::ReadContext context = table_->context(options_.stats);
    for (size_t i = 0; i < table_->num_fragments(); ++i) bytes += table_->fragment(i).UnkeptStateBytes(*plan_, context);
    return bytes;
  }

  std::vector<uint64_t> NextPositions() {
    std::vector<uint64_t> positions;
    if (rows_->exhausted()) return positions;
    const uint64_t most = reads_alone_ ? UINT64_MAX : std::max<uint64_t>(options_.batch_rows, kManyRows);
    positions.push_back(*rows_->Next());
    // Of its first row's fragment the width is told; others are like it.
    const uint64_t fitting = width_->RowsIn(block_bytes_, FindFragment(starts_, positions[0]));
    rows_->Next(std::min(most, fitting) - 1, positions);
    return positions;
  }

  void Prefetch() {
    const auto next = [this]() -> std::function<TakenRows()> {
      std::vector<uint64_t> part = NextPositions();
      if (part.empty()) return nullptr;
      return [table = table_, resident = resident_, plan = plan_, computed = computed_, width = width_, part = std::move(part),
              rows = options_.batch_rows, left = block_bytes_, stats = options_.stats, with_deleted = options_.include_deleted_rows]() mutable {
        RecordBatch batch = resident       ? resident->Take(part)
                            : with_deleted ? table->TakeWithDeleted(*plan, part, stats)
                                           : table->Take(*plan, part, stats);
        TakenRows taken;
        if (computed) {
          taken.done = computed->ApplyTo(&batch, rows, &left, *width);
          taken.rest = std::move(batch);
        } else {
          width->Learn(batch);
          taken.done.push_back(std::move(batch));
        }
        return taken;
      };
    };
    tasks_.Fill(next, [this] { return rows_->exhausted(); }, reads_alone_ || width_->is_unknown());
  }

  const std::shared_ptr<const TableReader> table_;
  const ScanOptions options_;
  const std::shared_ptr<const ComputedColumns> computed_;  ///< null: none
  const ReadPlanPtr plan_;
  const std::vector<uint64_t>& starts_;
  const BatchLimits limits_;
  uint64_t block_bytes_;
  bool reads_alone_ = false;  ///< few large blocks, one at a time: what pages hold for all of their rows outweighs a block
  const std::shared_ptr<const RowWidth> width_;
  BatchCutter cutter_;
  std::optional<const KeySort> sort_;  ///< until it is done
  std::optional<RowSorter> rows_;
  std::shared_ptr<const ResidentRows> resident_;  ///< null: rows are taken from the files
  RecordBatch rest_;  ///< of the latest task
  OrderedTasks<TakenRows> tasks_;
};

}  // namespace

std::unique_ptr<RecordBatchReader> ScanSorted(std::shared_ptr<const TableReader> table, const ScanOptions& options) {
  return std::make_unique<SortedReader>(std::move(table), options);
}

}  // namespace eider::query
