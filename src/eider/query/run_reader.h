#pragma once
/// \file
/// Reads the rows of runs: what the filter has read is taken over; other fields are decoded and picked from, or taken row by row,
/// whichever costs less. Thread-safe.

#include <memory>
#include <mutex>

#include "eider/query/row_run.h"

namespace eider::query {

class RunReader {
 public:
  /// `known`: the plan of what runs bring along.
  RunReader(std::shared_ptr<const TableReader> table, ReadPlanPtr plan, const ScanOptions& options, const ReadPlan* known = nullptr);
  /// Fields of `known` that are taken over.
  const std::vector<bool>& TakenOver() const { return taken_over_; }
  RecordBatch Read(const RowRun& run) const;

 private:
  std::vector<ArrayPtr> ReadFields(const RowRun& run, const file::ReadContext& context) const;
  std::vector<ArrayPtr> ReadChosen(const RowRun& run, const std::vector<bool>& wanted, const file::ReadContext& context) const;
  void SetManners(const ScanOptions& options);
  /// Of the wanted fields, those that are better taken row by row, or are to be.
  std::vector<bool> ChooseTakes(const RowRun& run, std::vector<bool> wanted, uint64_t window, const file::ReadContext& context) const;

  const std::shared_ptr<const TableReader> table_;
  const ReadPlanPtr plan_;
  const bool include_deleted_;
  ScanStats* const stats_;
  enum class Manner : uint8_t { kByCost, kByRow, kByBlock };
  std::vector<Manner> manners_;    ///< by field: how it is read where rows are chosen
  std::vector<int> sources_;       ///< by field: the one of `known` that it is; -1: none
  std::vector<bool> taken_over_;
  mutable std::once_flag widths_once_;
  mutable std::vector<uint64_t> widths_;  ///< bytes per row by field, in the first fragment that was read
};

}  // namespace eider::query
