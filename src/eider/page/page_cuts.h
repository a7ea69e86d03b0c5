#pragma once
/// \file
/// Cuts rows that wait to be written into pages before they are encoded.

#include <span>
#include <vector>

#include "eider/page/column_leaf.h"

namespace eider::page {

/// Rows [first, last) of consecutive pieces.
std::vector<ArrayPtr> SlicePieces(std::span<const ArrayPtr> pieces, uint64_t first, uint64_t last);

/// Pages of about `target_bytes` each. Rows stay together where one page is better than several: wide values that are stored as
/// they are, and values that repeat so that each page would need a large dictionary of its own (judged by a sample).
std::vector<std::vector<ArrayPtr>> CutPages(std::span<const ArrayPtr> pieces, const ColumnLeaf& leaf, uint64_t target_bytes);

}  // namespace eider::page
