#pragma once
/// \file
/// Records that are sorted together in memory. Of those whose key is a number of one column there are only entries.

#include <span>
#include <vector>

#include "eider/query/row_run.h"
#include "eider/query/sort_column.h"
#include "eider/query/sort_entries.h"
#include "eider/query/sort_record.h"

namespace eider::query {

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
  /// Keys are no more than rank and word.
  bool is_short() const { return is_short_; }
  /// \pre Finish() was called
  SortRecord operator[](size_t i) const { return ToRecord(entries_[i]); }
  /// How many come before `record`. \pre Finish() was called
  size_t LowerBound(const SortRecord& record) const;
  /// Adds entries; the place of one that is not short is its record's address.
  void CopyEntries(size_t begin, size_t end, SortEntries& out) const;
  uint64_t memory_bytes() const { return bytes_.capacity() + entries_.capacity() * sizeof(SortEntry); }

 private:
  void AddRow(std::span<const SortColumn> columns, size_t row, uint64_t word, uint64_t position);
  void AddSlice(std::span<const SortColumn> columns, size_t first, size_t rows, const RowPositions& positions);
  void EndRecord(size_t begin);
  void Cut();
  void Compact();
  SortRecord ToRecord(const SortEntry& entry) const;
  EntryOrder Order() const { return is_short_ ? EntryOrder(false) : EntryOrder(bytes_.data()); }

  uint64_t most_;
  bool is_short_ = false;
  BufferBuilder bytes_;  ///< records that are not short
  SortEntries entries_;
  SortBoundPtr bound_;
};

}  // namespace eider::query
