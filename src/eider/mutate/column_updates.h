#pragma once
/// \file
/// New values of columns for rows of a table, found again by fragment: in memory, or in a temporary file by
/// fragments that follow each other.

#include <optional>
#include <vector>

#include "eider/query/spilled_batches.h"
#include "eider/query/table_reader.h"

namespace eider::mutate {

class ColumnUpdates {
 public:
  /// `spill`: whether values go to a file. `columns`: of the values.
  ColumnUpdates(const query::TableReader& table, const Schema& columns, bool spill);

  /// `values` and, as a last column, the addresses of the rows that they are for.
  void Add(const RecordBatch& values);

  /// Fragments that follow each other, and all values for their rows, sorted by address.
  struct Bucket {
    size_t first_fragment, end_fragment;
    std::vector<ArrayPtr> columns;
    std::vector<uint64_t> addresses;
  };
  size_t num_buckets() const { return num_buckets_; }
  Bucket Load(size_t bucket) const;
  const SchemaPtr& schema() const { return schema_; }

 private:
  size_t BucketOf(uint64_t address) const;
  size_t FirstFragment(size_t bucket) const { return bucket * table_.num_fragments() / num_buckets_; }

  const query::TableReader& table_;
  SchemaPtr schema_;  ///< with addresses
  size_t num_buckets_;
  std::vector<RecordBatch> kept_;
  std::optional<query::SpilledBatches> spilled_;
  std::vector<std::vector<query::SpilledBatches::Place>> places_;  ///< by bucket
};

}  // namespace eider::mutate
