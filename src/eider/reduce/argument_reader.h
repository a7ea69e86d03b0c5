#pragma once
/// \file
/// The arguments of aggregates: which columns they read, and how the rows of a run or batch are folded. Thread-safe.

#include <memory>
#include <span>
#include <vector>

#include "eider/expr/portions.h"
#include "eider/query/bound_expression.h"
#include "eider/query/row_width.h"
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
  /// Reads it block by block.
  void FoldRun(query::RowRun run, Folds& folds) const;
  /// \pre a batch of a scan with read_options()
  void FoldBatch(const RecordBatch& batch, Folds& folds) const;
  /// Rows of a fragment that one task reads at once.
  uint64_t BlockRows(size_t fragment) const;
  const query::RowWidth& width() const { return width_; }

 private:
  const std::shared_ptr<const query::TableReader> table_;
  const std::vector<Argument> arguments_;
  const ScanOptions options_;
  const query::ReadPlanPtr plan_;
  const query::RunReader reader_;
  std::vector<query::ColumnPlaces> places_;
  const query::RowWidth width_;
  const expr::Portions portions_;
};

}  // namespace eider::reduce
