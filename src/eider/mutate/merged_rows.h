#pragma once
/// \file
/// The rows that a merge writes: those of its source that update rows of the table, then those that are new to it, part by part in the
/// order of the source. They are joined with the table on the way.

#include "eider/mutate/merge_join.h"
#include "eider/mutate/row_lineage.h"
#include "eider/mutate/row_marks.h"
#include "eider/query/row_width.h"
#include "eider/table/inserted_keys.h"

namespace eider::mutate {

/// What becomes of the table's rows.
struct MergeOutcome {
  MergeOutcome(const query::TableReader& table, table::InsertedKeys keys) : gone(table), seen(table), inserted(std::move(keys)) {}
  RowMarks gone;                 ///< rows to delete
  RowMarks seen;                 ///< rows with a match; kept for deletes of rows without one
  table::InsertedKeys inserted;
  MergeInsertMetrics metrics;
};

class MergedRows final : public RecordBatchReader {
 public:
  /// Fields that the source lacks are read from the table for rows that are updated, and null in new ones. Rows that are updated come
  /// first; `lineage` is given theirs.
  MergedRows(const query::TableReader& table, const MergeSource& source, const MergeInsertOptions& options, MergeOutcome* outcome,
             RowLineage* lineage);

  const SchemaPtr& schema() const override { return schema_; }
  std::optional<RecordBatch> Next() override;

 private:
  /// An update of the row of the table at `position`.
  struct UpdatedRow {
    uint32_t source;
    uint64_t position;
  };
  bool NextPart();
  void JoinPart();
  void Act(const JoinedBatch& batch);
  void SortUpdates(const std::vector<UpdatedRow>& updates);
  std::optional<RecordBatch> NextOfPart();
  void Choose(uint64_t most, uint64_t most_bytes, std::vector<int64_t>* rows, std::vector<uint64_t>* positions);
  RecordBatch Write(const RecordBatch& batch, const std::vector<int64_t>& rows, const std::vector<uint64_t>& positions);
  void NoteInserted(const RecordBatch& batch, const std::vector<int64_t>& rows);

  const query::TableReader& table_;
  const MergeSource& source_;
  const MergeInsertOptions& options_;
  MergeOutcome& outcome_;
  RowLineage& lineage_;
  const MergeJoin join_;
  ScanOptions read_;     ///< what is read of the table for rows that are updated
  std::optional<query::RowWidth> read_width_;  ///< of that
  SchemaPtr missing_;    ///< of it, without lineage
  SchemaPtr schema_;

  bool inserting_ = false;                  ///< updates are done
  size_t next_part_ = 0;
  size_t loaded_ = SIZE_MAX;                ///< which part_ is
  MergeSource::Part part_;
  std::vector<std::vector<bool>> matched_;  ///< by part and row of the part
  std::vector<uint64_t> first_;       ///< by row of the part: its first update in positions_; one more at the end
  std::vector<uint64_t> positions_;   ///< of updated rows of the table
  std::vector<UpdatedRow> updates_;   ///< while the part is joined
  size_t batch_ = 0;                  ///< of part_, the next to write
  int64_t row_ = 0;                   ///< of that batch
  uint64_t update_ = 0;               ///< of that row, which may update several
  uint64_t batch_start_ = 0;          ///< rows of the part before it
};

}  // namespace eider::mutate
