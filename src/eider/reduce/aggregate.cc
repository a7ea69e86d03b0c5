#include "eider/reduce/aggregate.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/base/task_pool.h"
#include "eider/query/ordered_tasks.h"
#include "eider/query/row_filter.h"
#include "eider/reduce/aggregate_call.h"
#include "eider/reduce/page_answers.h"

namespace eider::reduce {
namespace {

/// What one task found, or all.
struct Found {
  uint64_t num_rows = 0;
  size_t group = 0;  ///< that its folds are of
  Folds folds;

  void Merge(const Found& other) {
    num_rows += other.num_rows;
    for (size_t i = 0; i < folds.size(); ++i) folds[i]->Merge(*other.folds[i]);
  }
};

/// Arguments that are read together, and of which rows.
struct Group {
  std::shared_ptr<const ArgumentReader> reader;
  std::vector<size_t> places;  ///< of its arguments, among all
  std::vector<FragmentRanges> ranges;
};

/// Cuts the ranges of a group into what one task reads.
class GroupBlocks {
 public:
  explicit GroupBlocks(const Group& group) : group_(group) {
    for (const FragmentRanges& ranges : group.ranges) {
      for (const rows::RowRange& range : ranges.live) left_ += range.count;
    }
  }
  /// Nothing says how wide rows are: until a first task has seen some, there is no other.
  bool IsWaiting() const { return has_begun_ && group_.reader->width().is_unknown(); }
  /// One run of rows, or several short ones; empty at the end.
  std::vector<query::RowRun> Next() {
    std::vector<query::RowRun> runs;
    if (!Find()) return runs;
    has_begun_ = true;
    // Towards the end tasks get shorter, so that threads finish together; by no number of threads, which sums of floats would show.
    const uint64_t share = std::max(left_ / kShare, kLeastRows);
    uint64_t room = std::min(share, group_.reader->BlockRows(group_.ranges[fragment_].fragment));
    while (room > 0 && runs.size() < kTaskRuns && Find()) {
      const uint64_t count = std::min(room, range_.count);
      runs.push_back({.fragment = group_.ranges[fragment_].fragment, .first = range_.first, .count = count, .chosen = {}, .known = {}});
      range_ = {range_.first + count, range_.count - count};
      room -= count;
      left_ -= count;
    }
    return runs;
  }

 private:
  static constexpr size_t kTaskRuns = 64;
  static constexpr uint64_t kShare = 8, kLeastRows = 32 << 10;
  bool Find() {
    while (range_.count == 0) {
      if (fragment_ == group_.ranges.size()) return false;
      if (next_ < group_.ranges[fragment_].live.size()) range_ = group_.ranges[fragment_].live[next_++];
      else ++fragment_, next_ = 0;
    }
    return true;
  }
  const Group& group_;
  size_t fragment_ = 0, next_ = 0;
  rows::RowRange range_;
  uint64_t left_ = 0;
  bool has_begun_ = false;
};

class Aggregation {
 public:
  Aggregation(std::shared_ptr<const query::TableReader> table, const ScanOptions& options, std::span<const Aggregate> aggregates)
      : table_(std::move(table)), options_(options) {
    if (options.include_deleted_rows) throw Invalid("aggregate: include_deleted_rows goes without aggregates");
    const query::ReadPlanPtr all = table_->Plan({.stats = options.stats});
    for (const Aggregate& aggregate : aggregates) {
      calls_.push_back(InContext([&] { return fmt::format("aggregate '{}'", aggregate.name); }, [&] { return ParseAggregate(aggregate.call, *all->schema()); }));
      arguments_of_.push_back(calls_.back().argument ? AddArgument(aggregate.call, calls_.back()) : SIZE_MAX);
    }
    for (const Argument& argument : arguments_) all_.folds.push_back(Fold::Make(argument.expression->type(), argument.wanted));
  }

  void Run() {
    if (options_.limit || options_.offset) RunScan();
    else if (arguments_.empty()) all_.num_rows = table_->CountRows(options_);
    else if (options_.filter) RunFiltered();
    else RunAll();
  }

  RecordBatch Answer(std::span<const Aggregate> aggregates) const {
    auto schema = std::make_shared<Schema>();
    RecordBatch batch{.schema = nullptr, .num_rows = 1};
    for (size_t i = 0; i < calls_.size(); ++i) {
      const Fold* fold = calls_[i].argument ? all_.folds[arguments_of_[i]].get() : nullptr;
      batch.columns.push_back(InContext([&] { return fmt::format("aggregate '{}'", aggregates[i].name); }, [&] { return calls_[i].Answer(all_.num_rows, fold); }));
      schema->fields.push_back({.name = aggregates[i].name, .type = batch.columns.back()->type});
    }
    batch.schema = std::move(schema);
    return batch;
  }

 private:
  /// The place of the call's argument; calls of one text share it.
  size_t AddArgument(const SqlExpression& sql, const AggregateCall& call) {
    const bool has_parameters = !sql.positional.empty() || !sql.named.empty();
    size_t place = 0;
    while (place < arguments_.size() && (has_parameters || texts_[place] != call.argument_text)) ++place;
    if (place == arguments_.size()) {
      arguments_.push_back({.expression = call.argument});
      texts_.push_back(has_parameters ? "" : call.argument_text);
    }
    Argument& argument = arguments_[place];
    const Wanted wanted = call.wanted();
    argument.wanted.min |= wanted.min;
    argument.wanted.max |= wanted.max;
    argument.wanted.sum |= wanted.sum;
    argument.counts |= call.kind == AggregateKind::kCount;
    return place;
  }

  /// In the order of the scan, which the limit may be of.
  void RunScan() {
    const ArgumentReader reader(table_, arguments_, options_);
    const std::unique_ptr<RecordBatchReader> scan = table_->Scan(reader.read_options());
    while (const std::optional<RecordBatch> batch = scan->Next()) {
      all_.num_rows += static_cast<uint64_t>(batch->num_rows);
      reader.FoldBatch(*batch, all_.folds);
    }
  }

  /// Hands the results of tasks over in order. `next` gives no work at the end; one task runs alone while `is_alone` says so.
  template <typename Next, typename Merge, typename IsAlone>
  void RunTasks(const Next& next, const Merge& merge, const IsAlone& is_alone) {
    query::OrderedTasks<Found> tasks(table_->session()->cpu_pool());
    while (true) {
      CheckInterrupt();
      tasks.Fill(next, [] { return false; }, is_alone());
      if (tasks.empty()) return;
      merge(tasks.Next());
    }
  }

  void RunFiltered() {
    const auto filter = std::make_shared<const query::RowFilter>(table_, options_);
    const auto reader = std::make_shared<const ArgumentReader>(table_, arguments_, options_, &filter->plan());
    query::FilterBlocks blocks(*table_, *filter, options_);
    const auto next = [&]() -> std::function<Found()> {
      std::vector<query::RowRun> runs = blocks.Next();
      if (runs.empty()) return nullptr;
      return [filter, reader, runs = std::move(runs)] {
        Found found{.folds = reader->MakeFolds()};
        for (const query::RowRun& run : runs) {
          const query::RowRun passing = filter->Apply(run, reader->reader().TakenOver());
          found.num_rows += passing.size();
          if (passing.size() > 0) reader->FoldRun(passing, found.folds);
        }
        return found;
      };
    };
    RunTasks(next, [this](const Found& found) { all_.Merge(found); }, [&] { return blocks.is_alone(); });
  }

  void RunAll() {
    std::vector<FragmentRanges> fragments;
    query::FragmentRows source(*table_, options_);
    while (const std::optional<query::RowRun> run = source.Next(true)) {
      fragments.push_back({.fragment = run->fragment, .live = {{0, run->count}}});
      all_.num_rows += run->count;
    }
    const std::vector<Group> groups = MakeGroups(fragments);
    std::vector<GroupBlocks> blocks;
    for (const Group& group : groups) blocks.emplace_back(group);
    // One group after the other, but those that wait for a look at their first rows: so no thread waits between groups.
    const auto next = [&]() -> std::function<Found()> {
      for (size_t g = 0; g < groups.size(); ++g) {
        if (blocks[g].IsWaiting()) continue;
        std::vector<query::RowRun> runs = blocks[g].Next();
        if (runs.empty()) continue;
        return [reader = groups[g].reader, runs = std::move(runs), g] {
          Found found{.group = g, .folds = reader->MakeFolds()};
          for (const query::RowRun& run : runs) reader->FoldRun(run, found.folds);
          return found;
        };
      }
      return nullptr;
    };
    RunTasks(next, [&](const Found& found) {
      const std::vector<size_t>& places = groups[found.group].places;
      for (size_t i = 0; i < places.size(); ++i) all_.folds[places[i]]->Merge(*found.folds[i]);
    }, [] { return false; });
  }

  /// Arguments over the same columns and rows are read together.
  std::vector<Group> MakeGroups(std::span<const FragmentRanges> fragments) {
    std::vector<std::pair<std::vector<size_t>, std::vector<FragmentRanges>>> found;
    for (size_t place = 0; place < arguments_.size(); ++place) {
      const ArgumentReader reader(table_, {arguments_[place]}, options_);
      std::vector<FragmentRanges> ranges = FoldStatistics(*table_, reader, fragments, *all_.folds[place], options_.stats);
      const auto same = std::ranges::find_if(found, [&](const auto& group) {
        return group.second == ranges && arguments_[group.first[0]].expression->columns() == arguments_[place].expression->columns();
      });
      if (same != found.end()) same->first.push_back(place);
      else found.emplace_back(std::vector<size_t>{place}, std::move(ranges));
    }
    std::vector<Group> groups;
    for (auto& [places, ranges] : found) {
      std::vector<Argument> arguments;
      for (const size_t place : places) arguments.push_back(arguments_[place]);
      groups.push_back({std::make_shared<const ArgumentReader>(table_, std::move(arguments), options_), std::move(places), std::move(ranges)});
    }
    return groups;
  }

  const std::shared_ptr<const query::TableReader> table_;
  const ScanOptions options_;
  std::vector<AggregateCall> calls_;
  std::vector<size_t> arguments_of_;  ///< by call
  std::vector<Argument> arguments_;
  std::vector<std::string> texts_;  ///< of the arguments
  Found all_;
};

}  // namespace

RecordBatch RunAggregates(const std::shared_ptr<const query::TableReader>& table, const ScanOptions& options, std::span<const Aggregate> aggregates) {
  Aggregation aggregation(table, options, aggregates);
  aggregation.Run();
  return aggregation.Answer(aggregates);
}

}  // namespace eider::reduce
