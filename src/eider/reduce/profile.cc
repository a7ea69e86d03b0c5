#include "eider/reduce/profile.h"

#include <algorithm>

#include "eider/query/ordered_tasks.h"
#include "eider/query/row_width.h"
#include "eider/query/run_reader.h"
#include "eider/reduce/aggregate.h"
#include "eider/reduce/leaf_profile.h"
#include "eider/schema/field_path.h"

namespace eider::reduce {
namespace {

/// Rows of a task; its results are merged with those of others.
constexpr uint64_t kTaskRows = 256 << 10;
/// What is read and gathered at once.
constexpr uint64_t kBlockBytes = 4 << 20, kProfileParts = 16, kSliceRows = 2 << 10;

using Profiles = std::vector<LeafProfile>;

/// The leaves of one column whose values are looked at.
class ColumnPass {
 public:
  ColumnPass(std::shared_ptr<const query::TableReader> table, std::vector<Leaf> leaves, ScanStats* stats)
      : table_(std::move(table)), leaves_(std::move(leaves)) {
    ScanOptions options{.columns = {{}}, .stats = stats};
    options.columns->clear();
    for (const Leaf& leaf : leaves_) {
      if (std::ranges::find(*options.columns, leaf.read_path) == options.columns->end()) options.columns->push_back(leaf.read_path);
    }
    plan_ = table_->Plan(options);
    reader_.emplace(table_, plan_, options);
    width_.emplace(table_, plan_);
  }
  const std::vector<Leaf>& leaves() const { return leaves_; }
  Profiles MakeProfiles() const { return {leaves_.begin(), leaves_.end()}; }

  /// Reads a run block by block.
  void Gather(query::RowRun run, Profiles& profiles) const {
    const uint64_t most_bytes = query::TaskBytes(*table_->session(), kProfileParts, kBlockBytes);
    while (run.size() > 0) {
      const uint64_t first = run.first, rows = std::min(kTaskRows, width_->RowsIn(most_bytes, run.fragment));
      const RecordBatch batch = reader_->Read(run.Cut(std::min(run.size(), rows)));
      width_->Learn(batch);
      for (int64_t row = 0; row < batch.num_rows; row += kSliceRows) {
        const ArrayPtr slice = SliceArray(batch.columns[0], row, std::min<int64_t>(kSliceRows, batch.num_rows - row));
        for (size_t i = 0; i < leaves_.size(); ++i) profiles[i].Add(leaves_[i].Find(slice), (first + static_cast<uint64_t>(row)) / kSliceRows);
      }
    }
  }

 private:
  const std::shared_ptr<const query::TableReader> table_;
  const std::vector<Leaf> leaves_;
  query::ReadPlanPtr plan_;
  std::optional<query::RunReader> reader_;
  std::optional<query::RowWidth> width_;
};

/// The rows of the table, some for each task.
std::vector<std::vector<query::RowRun>> CutRows(const query::TableReader& table) {
  std::vector<std::vector<query::RowRun>> tasks;
  query::FragmentRows fragments(table, {});
  uint64_t room = 0;
  while (std::optional<query::RowRun> run = fragments.Next(true)) {
    while (run->size() > 0) {
      if (room == 0) tasks.emplace_back(), room = kTaskRows;
      tasks.back().push_back(run->Cut(std::min(room, run->size())));
      room -= tasks.back().back().size();
    }
  }
  return tasks;
}

/// A column and the profiles of its leaves, in their order.
struct Column {
  std::vector<Leaf> leaves;
  std::vector<ColumnProfile> profiles;
};

class Profiling {
 public:
  Profiling(std::shared_ptr<const query::TableReader> table, ScanStats* stats)
      : table_(std::move(table)), stats_(stats), rows_(CutRows(*table_)), tasks_(table_->session()->cpu_pool()) {}

  std::vector<ColumnProfile> Run(const std::vector<const LanceField*>& fields) {
    for (const LanceField* field : fields) columns_.push_back({.leaves = LeavesOf(*field), .profiles = {}});
    for (size_t i = 0; i < columns_.size(); ++i) Start(i);
    while (!tasks_.empty()) MergeNext();
    CountPresence();
    std::vector<ColumnProfile> out;
    for (Column& column : columns_) std::ranges::move(column.profiles, std::back_inserter(out));
    return out;
  }

 private:
  struct Found {
    size_t column;
    std::shared_ptr<const ColumnPass> pass;
    Profiles profiles;
  };

  /// Vectors need no values: those outside of lists are counted from statistics where there are some.
  static bool IsRead(const Leaf& leaf) { return leaf.kind != LeafKind::kPresence || leaf.in_list(); }

  void Start(size_t index) {
    Column& column = columns_[index];
    std::vector<Leaf> leaves;
    for (const Leaf& leaf : column.leaves) {
      column.profiles.push_back(LeafProfile(leaf).Finish(leaf));
      if (IsRead(leaf)) leaves.push_back(leaf);
    }
    if (leaves.empty()) return;
    const auto pass = std::make_shared<const ColumnPass>(table_, std::move(leaves), stats_);
    for (const std::vector<query::RowRun>& runs : rows_) {
      while (tasks_.IsFull()) MergeNext();
      tasks_.Start([index, pass, runs] {
        Found found{index, pass, pass->MakeProfiles()};
        for (const query::RowRun& run : runs) pass->Gather(run, found.profiles);
        return found;
      });
    }
  }

  // Tasks of one column follow each other.
  void MergeNext() {
    CheckInterrupt();
    Found found = tasks_.Next();
    if (current_ && current_->column == found.column) {
      for (size_t i = 0; i < found.profiles.size(); ++i) current_->profiles[i].Merge(found.profiles[i]);
    } else {
      current_.emplace(std::move(found));
      merged_ = 0;
    }
    if (++merged_ == rows_.size()) Finish();
  }

  void Finish() {
    const std::vector<Leaf>& leaves = current_->pass->leaves();
    Column& column = columns_[current_->column];
    for (size_t i = 0; i < leaves.size(); ++i) {
      const auto at = std::ranges::find(column.profiles, leaves[i].path, &ColumnProfile::path);
      *at = current_->profiles[i].Finish(leaves[i]);
    }
    current_.reset();
  }

  void CountPresence() {
    std::vector<ColumnProfile*> profiles;
    std::vector<Aggregate> counts;
    for (Column& column : columns_) {
      for (size_t i = 0; i < column.leaves.size(); ++i) {
        if (IsRead(column.leaves[i])) continue;
        profiles.push_back(&column.profiles[i]);
        counts.push_back({.name = column.leaves[i].path, .call = {.text = fmt::format("count({})", column.leaves[i].path)}});
      }
    }
    if (counts.empty()) return;
    const RecordBatch found = RunAggregates(table_, {.stats = stats_}, counts);
    for (size_t i = 0; i < profiles.size(); ++i) {
      profiles[i]->num_values = static_cast<uint64_t>(found.columns[i]->buffers[0].as<int64_t>()[0]);
      profiles[i]->num_nulls = table_->num_rows() - profiles[i]->num_values;
    }
  }

  const std::shared_ptr<const query::TableReader> table_;
  ScanStats* const stats_;
  const std::vector<std::vector<query::RowRun>> rows_;
  std::vector<Column> columns_;
  std::optional<Found> current_;  ///< what was merged of the column under way
  size_t merged_ = 0;
  query::OrderedTasks<Found> tasks_;
};

}  // namespace

std::vector<ColumnProfile> ProfileColumns(const std::shared_ptr<const query::TableReader>& table, const std::optional<std::vector<std::string>>& columns,
                                          ScanStats* stats) {
  const LanceSchema& schema = table->snapshot().manifest->schema();
  std::vector<const LanceField*> fields;
  for (const LanceField& field : schema.fields) {
    if (!columns) fields.push_back(&field);
  }
  for (const std::string& name : columns.value_or(std::vector<std::string>())) {
    const auto found = std::ranges::find(schema.fields, name, &LanceField::name);
    if (found == schema.fields.end()) throw Error(ErrorKind::kNotFound, NoColumn(name, schema.Names()));
    fields.push_back(&*found);
  }
  return Profiling(table, stats).Run(fields);
}

}  // namespace eider::reduce
