#pragma once
/// \file
/// The arguments of aggregates: which columns they read, and how the rows of a run or batch are folded. Thread-safe.

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "eider/query/bound_expression.h"
#include "eider/query/run_reader.h"
#include "eider/reduce/fold.h"

namespace eider::reduce {

/// One argument of one or several aggregates.
struct Argument {
  std::shared_ptr<const expr::Expression> expression;
  Wanted wanted;
  bool counts = false;  ///< the number of its values is asked for
};

using Folds = std::vector<std::unique_ptr<Fold>>;

class ArgumentReader {
 public:
  /// `known`: the plan of what a filter has read of the rows.
  ArgumentReader(std::shared_ptr<const query::TableReader> table, std::vector<Argument> arguments, const ScanOptions& options,
                 const query::ReadPlan* known = nullptr);
  const std::vector<Argument>& arguments() const { return arguments_; }
  const query::ReadPlan& plan() const { return *plan_; }
  /// The columns that the arguments want.
  const ScanOptions& read_options() const { return options_; }
  const query::RunReader& reader() const { return reader_; }
  Folds MakeFolds() const;
  void FoldRun(const query::RowRun& run, Folds& folds) const;
  /// \pre a batch of a scan with read_options()
  void FoldBatch(const RecordBatch& batch, Folds& folds) const;
  /// Rows that are well read at once, by what is known so far of their width.
  uint64_t BlockRows() const;

 private:
  const std::shared_ptr<const query::TableReader> table_;
  const std::vector<Argument> arguments_;
  const ScanOptions options_;
  const query::ReadPlanPtr plan_;
  const query::RunReader reader_;
  std::vector<query::ColumnPlaces> places_;
  mutable std::atomic<uint64_t> seen_rows_{0}, seen_bytes_{0};
};

}  // namespace eider::reduce
