#pragma once
/// \file
/// Columns that expressions yield: what has to be read for them, and their values. Thread-safe.

#include <memory>
#include <vector>

#include "eider/expr/portions.h"
#include "eider/query/bound_expression.h"
#include "eider/query/row_width.h"
#include "eider/query/table_reader.h"

namespace eider::query {

class ComputedColumns {
 public:
  /// \throws Error(kInvalid) when an expression of options.computed does not parse
  ComputedColumns(const TableReader& table, const ScanOptions& options);
  /// The options, with the columns that the expressions want and without computed ones.
  const ScanOptions& ReadOptions() const { return read_options_; }
  const SchemaPtr& schema() const { return schema_; }
  /// None of them has a value in any row.
  bool are_null() const;
  /// Of columns whose types fix no width.
  bool makes_any_width() const;
  /// From a batch of a read with ReadOptions().
  RecordBatch Apply(const RecordBatch& batch) const;
  /// The same of its first rows, at most `most_rows` of them and no more than make some bytes of text, but one. They are cut from
  /// `batch`, and `width` learns what they take as read and as made.
  RecordBatch ApplyTo(RecordBatch* batch, uint64_t most_rows, const RowWidth& width) const;
  /// Several of these, until they take `left_bytes`, of which theirs are taken away, or the batch is used up.
  std::vector<RecordBatch> ApplyTo(RecordBatch* batch, uint64_t most_rows, uint64_t* left_bytes, const RowWidth& width) const;

 private:
  /// What the expressions' values take in such a batch.
  uint64_t ComputedBytes(const RecordBatch& applied) const;

  struct Column {
    std::shared_ptr<const expr::Expression> expression;
    ColumnPlaces places;
  };
  ScanOptions read_options_;
  SchemaPtr schema_;
  std::vector<size_t> kept_;  ///< columns of the read that come out
  std::vector<Column> columns_;
  expr::Portions portions_;
};

}  // namespace eider::query
