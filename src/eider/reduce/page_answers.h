#pragma once
/// \file
/// What the statistics of pages say of the values of a column, so that these need not be read.

#include "eider/query/row_ranges.h"
#include "eider/query/table_reader.h"
#include "eider/reduce/argument_reader.h"

namespace eider::reduce {

/// Rows to read of a fragment, by position among its live rows.
struct FragmentRanges {
  size_t fragment = 0;
  query::RowRanges live;
  bool operator==(const FragmentRanges&) const = default;
};

/// Folds what statistics tell of the argument of `reader`, when that is one column, in all live rows of `fragments`. The rest is to be read.
std::vector<FragmentRanges> FoldStatistics(const query::TableReader& table, const ArgumentReader& reader, std::span<const FragmentRanges> fragments,
                                           Fold& fold, ScanStats* stats);

}  // namespace eider::reduce
