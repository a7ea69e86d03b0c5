#pragma once
/// \file
/// New values of columns for rows of a table, given back in the order of these rows: from memory, or from a temporary file by ranges of
/// rows, so that no more than a range is in memory. A row of values may be for many rows of the table: a range keeps it once.

#include <optional>
#include <vector>

#include "eider/array/row_sizes.h"
#include "eider/query/spilled_batches.h"
#include "eider/query/table_reader.h"

namespace eider::mutate {

class ColumnUpdates {
 public:
  /// `num_parts`: of the source, when it does not fit in memory, of about the same size; 1: it does. `columns`: of the values.
  ColumnUpdates(const query::TableReader& table, const Schema& columns, size_t num_parts);

  /// Row values[from[i]] is for the row of the table at addresses[i]; `from` ascends.
  void Add(const RecordBatch& values, std::span<const uint64_t> addresses, std::span<const int64_t> from);
  /// After the last Add.
  void Finish() { Deal(); }

  /// All values for a range of rows; row `from[i]` of the columns for the row at addresses[i], ascending.
  struct Bucket {
    std::vector<ArrayPtr> columns;
    std::vector<uint64_t> addresses;
    std::vector<int64_t> from;
  };
  /// Ranges that follow each other.
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
  Bucket Join(std::span<const Piece> pieces) const;
  /// Deals the pieces at hand out to the buckets.
  void Deal();
  size_t BucketOf(uint64_t address) const;

  const query::TableReader& table_;
  const SchemaPtr schema_;
  size_t num_buckets_ = 1;
  std::vector<uint64_t> starts_;  ///< physical rows before each fragment, and all
  std::vector<Piece> kept_;
  uint64_t kept_bytes_ = 0;
  std::optional<query::SpilledBatches> spilled_, spilled_uses_;
  std::vector<std::vector<Place>> places_;  ///< by bucket
};

/// Walks through all updates, one bucket in memory at a time.
class UpdateCursor {
 public:
  explicit UpdateCursor(const ColumnUpdates& updates) : updates_(updates) { Fill(); }

  /// The next updates, as many as are at hand; none: there are no more.
  std::span<const uint64_t> addresses() const { return std::span(bucket_.addresses).subspan(at_); }
  /// By update, the row of the columns.
  std::span<const int64_t> from() const { return std::span(bucket_.from).subspan(at_); }
  const std::vector<ArrayPtr>& columns() const { return bucket_.columns; }
  /// What the values of the i-th of them take.
  uint64_t BytesOf(size_t i) const { return (*sizes_)[from()[i]]; }
  void Advance(size_t count);

 private:
  void Fill();

  const ColumnUpdates& updates_;
  ColumnUpdates::Bucket bucket_;
  std::optional<RowSizes> sizes_;
  size_t at_ = 0, next_bucket_ = 0;
};

}  // namespace eider::mutate
