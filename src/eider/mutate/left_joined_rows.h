#pragma once
/// \file
/// The rows of a table with what a left join brings them, in the order of the table.

#include <memory>
#include <optional>
#include <vector>

#include "eider/mutate/merge_join.h"
#include "eider/query/spilled_batches.h"

namespace eider::mutate {

class LeftJoinedRows final : public RecordBatchReader {
 public:
  /// Every column of `source` beside its key is joined, in batches that fit a share of the budget however wide its rows are.
  /// `replaces`: the table has these columns, and keeps their values where no key matches. `fragment_ids`: unset means all.
  LeftJoinedRows(const query::TableReader& table, const MergeSource& source, bool replaces, std::optional<std::vector<uint64_t>> fragment_ids);

  LeftJoinedRows(const LeftJoinedRows&) = delete;
  LeftJoinedRows& operator=(const LeftJoinedRows&) = delete;

  const SchemaPtr& schema() const override { return schema_; }
  std::optional<RecordBatch> Next() override;
  /// Physical offsets of the rows handed out that found their key, when values are replaced.
  const std::vector<uint32_t>& matched() const { return matched_; }

 private:
  /// Rows of the table, and for each its place in `values` or -1.
  struct Base {
    RecordBatch rows;
    ArrayPtr addresses;  ///< where values are replaced
    std::vector<ArrayPtr> values, before;
    std::vector<int64_t> from;
  };
  /// What one part of the source found, by address.
  struct Run {
    std::vector<query::SpilledBatches::Place> places;
    size_t next = 0;
    RecordBatch block;
    int64_t row = 0;
  };

  void MakeRun(size_t part);
  bool Refill(Run* run) const;
  std::optional<Base> NextOfPart();
  std::optional<Base> NextOfRuns();
  int64_t AddOfRuns(std::span<const uint64_t> addresses, Base* base, std::vector<RecordBatch>* pieces);
  int64_t RowsToCut() const;
  RecordBatch Cut(const Base& base, int64_t first, int64_t count);

  const query::TableReader& table_;
  const MergeSource& source_;
  const bool replaces_;
  const uint64_t most_bytes_;
  SchemaPtr schema_;
  std::vector<std::string> paths_;  ///< of the joined columns
  std::optional<MergeJoin> join_;
  MergeSource::Part part_;  ///< of a source that has only one
  std::vector<ArrayPtr> part_columns_;
  std::unique_ptr<JoinStream> stream_;
  std::optional<query::SpilledBatches> spilled_;
  std::vector<Run> runs_;
  std::unique_ptr<RecordBatchReader> rows_;
  RecordBatch ahead_;  ///< of rows_, not in a base yet
  std::optional<Base> base_;
  int64_t used_ = 0;  ///< rows of base_
  std::vector<uint32_t> matched_;
};

}  // namespace eider::mutate
