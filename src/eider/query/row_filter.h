#pragma once
/// \file
/// The filter of a scan: reads the columns that it wants, and says which rows pass. Thread-safe.

#include <functional>
#include <memory>

#include "eider/expr/portions.h"
#include "eider/query/bound_expression.h"
#include "eider/query/ordered_tasks.h"
#include "eider/query/pruning.h"
#include "eider/query/row_width.h"
#include "eider/query/run_reader.h"

namespace eider::query {

class RowFilter {
 public:
  /// \throws Error(kInvalid) when options.filter does not parse or is no condition
  RowFilter(std::shared_ptr<const TableReader> table, const ScanOptions& options);

  const ReadPlan& plan() const { return *plan_; }
  const expr::Expression& expression() const { return *expression_; }
  /// The rows of `run` that pass, and what was read of them for the fields of plan() that are `kept`.
  RowRun Apply(const RowRun& run, const std::vector<bool>& kept) const;
  uint64_t Count(const RowRun& run) const;
  /// Of what it reads.
  const RowWidth& width() const { return width_; }

 private:
  using Visit = std::function<void(int64_t first, int64_t count, const Buffer& passing)>;
  RecordBatch Evaluate(const RowRun& run, const Visit& visit) const;
  RecordBatch ReadColumnsOf(const RowRun& run) const;

  const std::shared_ptr<const expr::Expression> expression_;
  const ReadPlanPtr plan_;
  const RunReader reader_;
  ColumnPlaces places_;
  ScanStats* const stats_;
  const RowWidth width_;
  const expr::Portions portions_;
};

/// The blocks of rows that a filter looks at, in row order.
class FilterBlocks {
 public:
  FilterBlocks(const TableReader& table, const RowFilter& filter, const ScanOptions& options);
  /// One block, or several short ones; empty at the end.
  std::vector<RowRun> Next();
  bool exhausted() const { return run_.size() == 0 && runs_.empty() && fragments_.exhausted(); }
  /// No more than one task looks at blocks yet.
  bool is_alone() const { return filter_.width().is_unknown(); }

 private:
  bool FindRun();

  const TableReader& table_;
  const RowFilter& filter_;
  const Pruning pruning_;
  FragmentRows fragments_;
  const bool include_deleted_;
  std::vector<RowRun> runs_;  ///< of the latest fragment, last one first
  RowRun run_;
  const uint64_t most_bytes_;
  uint64_t block_rows_;  ///< grows: few at first where a limit may make the rest needless
};

/// Rows that pass.
class FilteredRows final : public RowSource {
 public:
  FilteredRows(const TableReader& table, std::shared_ptr<const RowFilter> filter, const ScanOptions& options, std::vector<bool> kept);
  std::optional<RowRun> Next(bool wait) override;
  bool exhausted() const override { return found_.empty() && tasks_.empty() && blocks_.exhausted(); }

 private:
  void Prefetch();

  const std::shared_ptr<const RowFilter> filter_;
  const std::vector<bool> kept_;
  const bool in_order_;
  FilterBlocks blocks_;
  std::vector<RowRun> found_;  ///< of the latest task, last one first
  OrderedTasks<std::vector<RowRun>> tasks_;
};

}  // namespace eider::query
