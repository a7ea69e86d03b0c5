#pragma once
/// \file
/// Rows to sort, as records that memcmp orders: the bytes of the keys (sort_column.h), then the row's position, big-endian. No two
/// are equal, so that an order does not depend on who sorted what.

#include <span>
#include <vector>

#include "eider/query/row_run.h"
#include "eider/query/sort_column.h"

namespace eider::query {

/// A record; `rank` and `word` are its first 9 bytes, which decide most comparisons.
struct SortRecord {
  uint64_t word = 0;
  uint8_t rank = 0;
  ByteSpan bytes;

  explicit SortRecord(ByteSpan record);
  SortRecord() = default;
  bool operator<(const SortRecord& other) const;
  uint64_t position() const;
};

/// The last record of those that are wanted, by what is known so far: no later one is wanted.
class SortBound {
 public:
  explicit SortBound(const SortRecord& record);
  const SortRecord& record() const { return record_; }

 private:
  const std::vector<uint8_t> bytes_;
  const SortRecord record_;
};
using SortBoundPtr = std::shared_ptr<const SortBound>;

/// Positions of a run's rows in the table, ascending.
class RowPositions {
 public:
  /// `start`: live rows before the run's fragment. `run` outlives this.
  RowPositions(const RowRun& run, uint64_t start) : base_(run.chosen ? start : start + run.first), chosen_(run.chosen ? run.chosen->span().data() : nullptr), size_(run.size()) {}
  uint64_t size() const { return size_; }
  uint64_t operator[](uint64_t i) const { return base_ + (chosen_ ? chosen_[i] : i); }

 private:
  uint64_t base_;
  const uint64_t* chosen_;
  uint64_t size_;
};

class SortedBlock {
 public:
  /// No more than the first `most` records are wanted.
  explicit SortedBlock(uint64_t most) : most_(most) {}

  /// Rows whose keys are `columns`. Those that come after `bound` (or null) are left out.
  void Add(std::span<const SortColumn> columns, const RowPositions& positions, const SortBoundPtr& bound);
  void Add(const SortRecord& record);
  /// Sorts, and leaves the first `most`.
  void Finish();

  size_t size() const { return entries_.size(); }
  /// \pre Finish() was called
  SortRecord operator[](size_t i) const { return ToRecord(entries_[i]); }
  /// Records lie in the order in which they came: one that is asked for soon is fetched meanwhile.
  void Prefetch(size_t i) const;
  uint64_t memory_bytes() const { return bytes_.capacity() + entries_.capacity() * sizeof(Entry); }

 private:
  struct Entry {
    uint64_t word;
    uint64_t place;  ///< of the record in bytes_, its length before it; the rank in the top byte
  };
  void AddRow(std::span<const SortColumn> columns, size_t row, uint64_t word, uint64_t position);
  void AddSlice(std::span<const SortColumn> columns, size_t first, size_t rows, const RowPositions& positions);
  void EndRecord(size_t begin);
  void Cut();
  void Compact();
  SortRecord ToRecord(const Entry& entry) const;
  bool IsBefore(const Entry& a, const Entry& b) const;

  uint64_t most_;
  BufferBuilder bytes_;
  std::vector<Entry> entries_;
  SortBoundPtr bound_;
};

}  // namespace eider::query
