#pragma once
/// \file
/// Sets of rows as ascending ranges that do not touch.

#include <vector>

#include "eider/rows/deletion_vector.h"
#include "eider/rows/row_address.h"

namespace eider::query {

using RowRanges = std::vector<rows::RowRange>;

/// Sorts, and joins what overlaps or touches.
RowRanges Normalize(RowRanges ranges);
RowRanges Intersect(const RowRanges& a, const RowRanges& b);
/// Physical rows as live ones. `deleted`: null where none is.
RowRanges ToLive(const RowRanges& physical, const rows::DeletionVector* deleted);

}  // namespace eider::query
