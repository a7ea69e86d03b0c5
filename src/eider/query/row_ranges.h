#pragma once
/// \file
/// Sets of rows as ascending ranges that do not touch.

#include <vector>

#include "eider/rows/row_address.h"

namespace eider::query {

using RowRanges = std::vector<rows::RowRange>;

/// Sorts, and joins what overlaps or touches.
RowRanges Normalize(RowRanges ranges);
RowRanges Intersect(const RowRanges& a, const RowRanges& b);

}  // namespace eider::query
