#pragma once
/// \file
/// Rows whose kinds did not fit in memory, made distinct part by part: each part of their keys by a set of its own, which divides what
/// does not fit once more. What is left of them are runs by position, which are merged.

#include <eider/session.h>

#include <deque>
#include <memory>
#include <optional>

#include "eider/reduce/distinct_set.h"
#include "eider/reduce/spilled_run.h"

namespace eider::reduce {

/// Rows of a batch.
RecordBatch TakeRows(const RecordBatch& batch, std::span<const int64_t> rows);

class SpilledDistinct {
 public:
  SpilledDistinct(std::shared_ptr<Session> session, const SchemaPtr& schema, KeyForm form);
  ~SpilledDistinct();

  /// Rows that may be new. `first`: the position of the batch's first row; positions grow from call to call.
  void Add(const RecordBatch& batch, const Sifted& sifted, uint64_t first);
  /// No more rows come.
  void Finish();
  /// Distinct rows in their order. \pre Finish() was called
  std::optional<RecordBatch> Next();

 private:
  struct Part {
    SpilledRun rows;
    int level;
  };
  class Merger;
  SpilledRun MakeRun() { return {file_, block_bytes_}; }
  std::vector<SpilledRun> MakeParts();
  void Divide(const RecordBatch& batch, const Sifted& sifted, std::vector<SpilledRun>& parts) const;
  void Queue(std::vector<SpilledRun> parts, int level);
  void Solve(Part part);

  const std::shared_ptr<Session> session_;
  const SchemaPtr schema_;  ///< of the rows; those in the file have their positions beside
  const KeyForm form_;
  const uint64_t block_bytes_;
  query::SpilledBatches file_;
  std::vector<SpilledRun> parts_;
  std::deque<Part> queue_;
  std::vector<SpilledRun> runs_;
  std::unique_ptr<Merger> merger_;
};

}  // namespace eider::reduce
