#pragma once
/// \file
/// Finds the rows of a table that match a part of a merge's source. The table is streamed: its keys and columns of the condition.

#include <eider/merge_insert.h>

#include <functional>

#include "eider/mutate/merge_condition.h"
#include "eider/mutate/merge_source.h"
#include "eider/mutate/scanned_rows.h"
#include "eider/query/ordered_tasks.h"
#include "eider/query/table_reader.h"

namespace eider::mutate {

/// What one batch of the table has to do with a part of the source.
struct JoinedBatch {
  RecordBatch rows;                 ///< keys, columns of the condition, carried ones
  const ScannedRows* scanned = nullptr;
  uint64_t first_position = 0;      ///< of these rows, among those of the scan
  std::vector<MatchedRow> matches;  ///< in the order of the batch
  std::vector<MatchedRow> acting;   ///< those that pass the condition
  uint64_t AddressOf(const MatchedRow& match) const { return scanned->AddressOf(first_position + match.row); }
};

class MergeJoin {
 public:
  /// `carried`: paths of columns that come along, "_rowaddr" too. `fragment_ids`: unset means all.
  /// \throws Error(kInvalid) for a condition that does not parse
  MergeJoin(const query::TableReader& table, const MergeSource& source, const std::optional<SqlExpression>& condition,
            const std::vector<std::string>& carried = {}, std::optional<std::vector<uint64_t>> fragment_ids = std::nullopt);

  /// Calls `visit` with the batches of the table in order, none for a part without rows.
  void Run(const MergeSource::Part& part, const std::function<void(const JoinedBatch&)>& visit) const;
  std::vector<ArrayPtr> Carried(const RecordBatch& rows) const { return carried_.Find(rows.columns); }

 private:
  friend class JoinStream;
  JoinedBatch Join(const RecordBatch& batch, uint64_t first_position, const KeyIndex& index, const std::vector<ArrayPtr>& source_columns) const;

  const query::TableReader& table_;
  const MergeSource& source_;
  std::optional<MergeCondition> condition_;
  ScanOptions scan_;
  const ScannedRows scanned_;
  query::ColumnPlaces keys_, condition_places_, carried_;
};

/// The batches of the table in order, joined with one part. Keys are looked up on the session's threads ahead of those handed out.
class JoinStream {
 public:
  JoinStream(const MergeJoin& join, const MergeSource::Part& part);
  std::optional<JoinedBatch> Next();

 private:
  void Ahead();

  const MergeJoin& join_;
  KeyIndex index_;
  std::vector<ArrayPtr> source_columns_;
  std::unique_ptr<RecordBatchReader> rows_;
  uint64_t position_ = 0;
  bool at_end_ = false;
  query::OrderedTasks<JoinedBatch> tasks_;
};

/// Columns of a part, each as one array; none of a part without rows.
std::vector<ArrayPtr> GatherColumns(const MergeSource::Part& part, const query::ColumnPlaces& places, size_t num_columns);

/// The key of a row as text: "a = 2, b = 'x'".
std::string KeyText(const MergeSource& source, const MergeSource::Part& part, uint32_t row);

/// Several rows of the source match a row of the table, one of them this one.
[[noreturn]] void ThrowAmbiguous(const MergeSource& source, const MergeSource::Part& part, uint32_t row);

}  // namespace eider::mutate
