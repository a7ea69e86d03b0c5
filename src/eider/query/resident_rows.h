#pragma once
/// \file
/// All rows of a table that lie in memory: one who takes most of them in another order reads each page once, and not for each block anew.

#include "eider/base/memory_budget.h"
#include "eider/query/table_reader.h"

namespace eider::query {

class ResidentRows {
 public:
  /// The columns of `options`, of every row. Null where they take more than their part of the budget, or are not put together.
  static std::shared_ptr<const ResidentRows> Read(const TableReader& table, const ReadPlan& plan, const ScanOptions& options);
  RecordBatch Take(std::span<const uint64_t> positions) const;

 private:
  ResidentRows(BudgetCharge charge, RecordBatch batch);

  const BudgetCharge charge_;
  const RecordBatch batch_;
};

}  // namespace eider::query
