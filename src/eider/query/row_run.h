#pragma once
/// \file
/// Which rows a scan reads: runs within one fragment, in row order, one after the other.

#include <eider/array.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "eider/query/row_ranges.h"
#include "eider/query/table_reader.h"

namespace eider::query {

/// Some numbers of rows, ascending. Parts and copies share them.
class ChosenRows {
 public:
  ChosenRows(std::vector<uint64_t> rows)  // NOLINT(google-explicit-constructor)
      : owner_(std::make_shared<const std::vector<uint64_t>>(std::move(rows))), rows_(*owner_) {}
  size_t size() const { return rows_.size(); }
  bool empty() const { return rows_.empty(); }
  uint64_t front() const { return rows_.front(); }
  uint64_t back() const { return rows_.back(); }
  uint64_t operator[](size_t i) const { return rows_[i]; }
  std::span<const uint64_t> span() const { return rows_; }
  /// Cuts off the first `n`. \pre n <= size()
  ChosenRows Cut(size_t n);

 private:
  std::shared_ptr<const std::vector<uint64_t>> owner_;
  std::span<const uint64_t> rows_;
};

/// Rows of one fragment, ascending. They count its live rows; where deleted rows are included, all rows.
struct RowRun {
  size_t fragment = 0;
  uint64_t first = 0, count = 0;
  std::optional<ChosenRows> chosen;     ///< those of [first, first + count) that are meant; unset: all
  std::vector<ArrayPtr> known;                  ///< what the filter has read of the rows meant, by its fields

  uint64_t size() const { return chosen ? chosen->size() : count; }
  /// Cuts off the first `n` rows. \pre n <= size()
  RowRun Cut(uint64_t n);
};

/// Ranges of one fragment as they are, but many short ones as rows one by one.
std::vector<RowRun> ToRuns(size_t fragment, const RowRanges& ranges);

class RowSource {
 public:
  virtual ~RowSource() = default;
  /// The next run; none when there are no more, or, without `wait`, when it is not there yet.
  virtual std::optional<RowRun> Next(bool wait) = 0;
  virtual bool exhausted() const = 0;
};

/// Every row of some fragments: one run each.
class FragmentRows final : public RowSource {
 public:
  /// \throws Error(kNotFound) naming a fragment that is not there
  FragmentRows(const TableReader& table, const ScanOptions& options);
  std::optional<RowRun> Next(bool wait) override;
  bool exhausted() const override { return next_ == fragments_.size(); }

 private:
  const TableReader& table_;
  const bool include_deleted_;
  std::vector<size_t> fragments_;
  size_t next_ = 0;
};

}  // namespace eider::query
