#pragma once
/// \file
/// The source of a merge, kept for as many attempts as it takes: in memory while it fits a share of the budget, else dealt out by
/// key to temporary files. A key lies in one part.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "eider/base/memory_budget.h"
#include "eider/mutate/join_keys.h"
#include "eider/query/bound_expression.h"
#include "eider/query/spilled_batches.h"

namespace eider::mutate {

/// What a batch of joined rows may take: copies of it pass through the encoder beside parts of the source.
inline uint64_t BatchBytesOf(const MemoryBudget& budget) { return std::clamp<uint64_t>(budget.limit_bytes() / 32, 256 << 10, 32 << 20); }

class MergeSource {
 public:
  struct Part {
    std::vector<RecordBatch> batches;
    uint64_t num_rows = 0;
    BudgetCharge charge;
  };

  /// Reads all of `data`. `on`: paths of the key columns.
  MergeSource(RecordBatchReader& data, std::vector<std::string> on, MemoryBudget& budget);

  const SchemaPtr& schema() const { return schema_; }
  const std::vector<std::string>& on() const { return on_; }
  JoinKeys KeysOf(const RecordBatch& batch) const { return JoinKeys(keys_.Find(batch.columns), batch.num_rows); }
  std::vector<ArrayPtr> KeyColumns(const RecordBatch& batch) const { return keys_.Find(batch.columns); }
  MemoryBudget& budget() const { return budget_; }
  size_t num_parts() const { return parts_.size(); }
  /// \throws Error(kOutOfBudget) when it does not fit
  Part Load(size_t part) const;

 private:
  /// Rows of a file whose hash falls to `pass` of so many.
  struct FilePart {
    size_t file;
    uint64_t pass, num_passes;
  };
  struct File {
    std::vector<query::SpilledBatches::Place> places;
    uint64_t weight = 0;
  };
  bool IsTight(const RecordBatch& batch) const;
  void Keep(RecordBatch batch);
  void Spill(const RecordBatch& batch);
  void SpillSlice(const RecordBatch& slice);
  void SpillAll();

  const SchemaPtr schema_;
  const std::vector<std::string> on_;
  const query::ColumnPlaces keys_;
  MemoryBudget& budget_;
  const uint64_t share_;  ///< of the budget, for the weight of a part
  Part kept_;
  uint64_t kept_weight_ = 0;
  std::optional<query::SpilledBatches> spilled_;
  std::vector<File> files_;
  std::vector<FilePart> parts_;
};

}  // namespace eider::mutate
