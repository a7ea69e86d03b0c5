#pragma once
/// \file
/// Fixed-size lists of structs as the format stores them: a leaf below one has a row per item, in which everything around the list is
/// repeated. So a column of n rows becomes one of n x dimension rows without such a list:
///
///     fixed_size_list<struct<a>>[2]   [{1}, {2}]   null         [{3}, null]
///     struct<item: struct<a>>         {{1}}  {{2}}  null  null  {{3}}  {null}

#include <span>
#include <vector>

#include "eider/page/column_leaf.h"

namespace eider::page {

struct RepeatedRows {
  ColumnLeaf leaf;               ///< structs in place of the fixed-size lists
  std::vector<ArrayPtr> pieces;  ///< only the children on the way to the leaf
};

/// `leaf` has fixed-size lists on its way.
RepeatedRows RepeatRows(std::span<const ArrayPtr> pieces, const ColumnLeaf& leaf);

}  // namespace eider::page
