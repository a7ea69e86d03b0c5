#pragma once
/// \file
/// The filter of a scan: reads the columns that it wants, and says which rows pass. Thread-safe.

#include <atomic>
#include <functional>
#include <memory>

#include "eider/query/bound_expression.h"
#include "eider/query/pruning.h"
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
  /// Bytes of a row as far as they are known by now.
  uint64_t row_bytes() const;

 private:
  using Visit = std::function<void(int64_t first, int64_t count, const Buffer& passing)>;
  RecordBatch Evaluate(const RowRun& run, const Visit& visit) const;
  RecordBatch ReadColumnsOf(const RowRun& run) const;

  const std::shared_ptr<const expr::Expression> expression_;
  const ReadPlanPtr plan_;
  const RunReader reader_;
  ColumnPlaces places_;
  ScanStats* const stats_;
  mutable std::atomic<uint64_t> seen_rows_{0}, seen_bytes_{0};
};

/// The blocks of rows that a filter looks at, in row order.
class FilterBlocks {
 public:
  FilterBlocks(const TableReader& table, const RowFilter& filter, const ScanOptions& options);
  /// One block, or several short ones; empty at the end.
  std::vector<RowRun> Next();
  bool exhausted() const { return run_.size() == 0 && runs_.empty() && fragments_.exhausted(); }

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
  uint64_t block_rows_;  ///< grows: few at first where a limit may make the rest needless, or values may be wide
};

/// Rows that pass.
class FilteredRows final : public RowSource {
 public:
  FilteredRows(const TableReader& table, std::shared_ptr<const RowFilter> filter, const ScanOptions& options, std::vector<bool> kept);
  ~FilteredRows() override;
  std::optional<RowRun> Next(bool wait) override;
  bool exhausted() const override;

 private:
  struct Tasks;
  void Prefetch();

  const std::shared_ptr<const RowFilter> filter_;
  const std::vector<bool> kept_;
  const bool in_order_;
  FilterBlocks blocks_;
  std::vector<RowRun> found_;  ///< of the latest task, last one first
  std::unique_ptr<Tasks> tasks_;
};

}  // namespace eider::query
