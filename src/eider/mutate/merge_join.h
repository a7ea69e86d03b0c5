#pragma once
/// \file
/// Finds the rows of a table that match a part of a merge's source. The table is streamed: its key columns, those of the condition,
/// and addresses.

#include <eider/merge_insert.h>

#include <functional>

#include "eider/mutate/merge_condition.h"
#include "eider/mutate/merge_source.h"
#include "eider/query/table_reader.h"

namespace eider::mutate {

/// What one batch of the table has to do with a part of the source.
struct JoinedBatch {
  ArrayPtr addresses;               ///< of the rows of the batch
  uint64_t first_position = 0;      ///< of them, among the live rows of the table
  std::vector<MatchedRow> matches;  ///< in the order of the batch
  std::vector<MatchedRow> acting;   ///< those that pass the condition
  uint64_t AddressOf(const MatchedRow& match) const { return addresses->buffers[0].as<uint64_t>()[addresses->offset + match.row]; }
};

class MergeJoin {
 public:
  /// \throws Error(kInvalid) for a condition that does not parse
  MergeJoin(const query::TableReader& table, const MergeSource& source, const std::optional<SqlExpression>& condition);

  /// Calls `visit` with the batches of the table in order. Keys are looked up on the session's threads meanwhile.
  void Run(const MergeSource::Part& part, const std::function<void(const JoinedBatch&)>& visit) const;

 private:
  JoinedBatch Join(const RecordBatch& batch, uint64_t first_position, const KeyIndex& index, const std::vector<ArrayPtr>& source_columns) const;

  const query::TableReader& table_;
  const MergeSource& source_;
  std::optional<MergeCondition> condition_;
  ScanOptions scan_;
  query::ColumnPlaces keys_, condition_places_;
};

/// The key of a row as text: "a = 2, b = 'x'".
std::string KeyText(const MergeSource& source, const MergeSource::Part& part, uint32_t row);

}  // namespace eider::mutate
