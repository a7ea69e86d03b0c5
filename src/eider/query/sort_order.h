#pragma once
/// \file
/// The order of rows by several keys.

#include <eider/scan_options.h>

#include <span>
#include <vector>

namespace eider::query {

/// Positions of the rows of `keys` in the order that `order` asks for, the first `most` of them; rows that are equal stay in theirs.
/// Nulls come where their key says, NaN after every number, -0.0 before 0.0, text and binary by bytes.
/// \throws Error(kInvalid) naming a column whose type has no order
std::vector<int64_t> SortPositions(std::span<const ArrayPtr> keys, std::span<const SortKey> order, uint64_t most);

}  // namespace eider::query
