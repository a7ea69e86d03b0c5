#pragma once
/// \file
/// The rows that a sort reads its keys of. With a limit those come first whose pages promise the first values, by their statistics, and
/// pages are passed over once enough rows are known that come before all of theirs.

#include "eider/query/row_filter.h"
#include "eider/query/sorted_block.h"

namespace eider::query {

class SortSource {
 public:
  /// `keys`: a plan of the columns of options.order_by. `filter` may be null.
  SortSource(const TableReader& table, const RowFilter* filter, const ReadPlan& keys, const ScanOptions& options);
  /// Some `rows` rows to be read at once, as one run or several short ones; empty at the end.
  std::vector<RowRun> Next(uint64_t rows, const SortBoundPtr& bound);
  bool exhausted() const { return run_.size() == 0 && next_ == pieces_.size(); }
  /// Of the next rows; SIZE_MAX when there are none.
  size_t fragment() const { return run_.size() > 0 ? run_.fragment : next_ < pieces_.size() ? pieces_[next_].run.fragment : SIZE_MAX; }

 private:
  /// Rows of one page, or of any.
  struct Piece {
    uint8_t rank = 0;  ///< no row's first key is before these two
    uint64_t word = 0;
    RowRun run;
  };
  void AddFragment(size_t fragment, const RowRanges& candidates, const ReadPlan& keys, const ScanOptions& options);
  bool FindRun(const SortBoundPtr& bound);

  const TableReader& table_;
  std::vector<Piece> pieces_;
  size_t next_ = 0;
  RowRun run_;
};

}  // namespace eider::query
