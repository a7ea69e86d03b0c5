#pragma once
/// \file
/// New values of columns for rows of a table, found again by fragment: in memory, or in a temporary file by
/// fragments that follow each other. A row of values may be for many rows of the table: it is kept once.

#include <optional>
#include <vector>

#include "eider/query/spilled_batches.h"
#include "eider/query/table_reader.h"

namespace eider::mutate {

class ColumnUpdates {
 public:
  /// `spill`: whether values go to a file. `columns`: of the values.
  ColumnUpdates(const query::TableReader& table, const Schema& columns, bool spill);

  /// Row values[from[i]] is for the row of the table at addresses[i].
  void Add(const RecordBatch& values, std::span<const uint64_t> addresses, std::span<const int64_t> from);

  /// Fragments that follow each other, and all values for their rows; row `from[i]` of the columns for the row at addresses[i], ascending.
  struct Bucket {
    size_t first_fragment, end_fragment;
    std::vector<ArrayPtr> columns;
    std::vector<uint64_t> addresses;
    std::vector<int64_t> from;
  };
  size_t num_buckets() const { return num_buckets_; }
  Bucket Load(size_t bucket) const;
  const SchemaPtr& schema() const { return schema_; }

 private:
  struct Piece {
    RecordBatch values, uses;  ///< uses: address, and row of the values
  };
  struct Place {
    query::SpilledBatches::Place values, uses;
  };
  size_t BucketOf(uint64_t address) const;
  size_t FirstFragment(size_t bucket) const { return bucket * table_.num_fragments() / num_buckets_; }

  const query::TableReader& table_;
  const SchemaPtr schema_;
  size_t num_buckets_;
  std::vector<Piece> kept_;
  std::optional<query::SpilledBatches> spilled_, spilled_uses_;
  std::vector<std::vector<Place>> places_;  ///< by bucket
};

}  // namespace eider::mutate
