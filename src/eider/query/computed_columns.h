#pragma once
/// \file
/// Columns that expressions yield: what has to be read for them, and their values. Thread-safe.

#include <memory>
#include <vector>

#include "eider/query/bound_expression.h"
#include "eider/query/table_reader.h"

namespace eider::query {

class ComputedColumns {
 public:
  /// \throws Error(kInvalid) when an expression of options.computed does not parse
  ComputedColumns(const TableReader& table, const ScanOptions& options);
  /// The options, with the columns that the expressions want and without computed ones.
  const ScanOptions& ReadOptions() const { return read_options_; }
  const SchemaPtr& schema() const { return schema_; }
  /// From a batch of a read with ReadOptions().
  RecordBatch Apply(const RecordBatch& batch) const;
  /// What the expressions' values take in such a batch.
  uint64_t ComputedBytes(const RecordBatch& applied) const;

 private:
  struct Column {
    std::shared_ptr<const expr::Expression> expression;
    ColumnPlaces places;
  };
  ScanOptions read_options_;
  SchemaPtr schema_;
  std::vector<size_t> kept_;  ///< columns of the read that come out
  std::vector<Column> columns_;
};

}  // namespace eider::query
