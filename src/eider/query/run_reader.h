#pragma once
/// \file
/// Reads the rows of runs: what the filter has read is taken over, other fields are decoded and picked from, or taken row by row,
/// whichever costs less. Thread-safe.

#include <memory>

#include "eider/query/row_run.h"

namespace eider::query {

class RunReader {
 public:
  RunReader(std::shared_ptr<const TableReader> table, ReadPlanPtr plan, const ScanOptions& options)
      : table_(std::move(table)), plan_(std::move(plan)), include_deleted_(options.include_deleted_rows), stats_(options.stats) {}
  const SchemaPtr& schema() const { return plan_->schema(); }
  RecordBatch Read(const RowRun& run) const;

 private:
  std::vector<ArrayPtr> ReadFields(const RowRun& run, const file::ReadContext& context) const;

  const std::shared_ptr<const TableReader> table_;
  const ReadPlanPtr plan_;
  const bool include_deleted_;
  ScanStats* const stats_;
};

}  // namespace eider::query
