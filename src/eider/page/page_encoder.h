#pragma once
/// \file
/// Encodes rows of one leaf into pages: shreds them, chooses a layout as the reference engine does, and cuts the rows when one
/// page cannot hold their levels.
///
///     asked for by `structural-encoding`       mini-block or full-zip
///     descriptors of blobs                     a mini-block page of their own inside a blob page
///     no values                                all null
///     2.2, one value for all                   constant
///     longest value < 256 bytes                mini-block, with a dictionary where values repeat
///     otherwise                                full-zip

#include <span>

#include "eider/page/column_leaf.h"
#include "eider/page/encoded_page.h"

namespace eider::page {

/// Consecutive pieces of one column, encoded as one page or more, whose rows are leaf.rows_per_row for each of the pieces'. The pages refer to the memory of `pieces`.
/// \throws Error naming the leaf.
std::vector<EncodedPage> EncodePages(std::span<const ArrayPtr> pieces, const ColumnLeaf& leaf);

}  // namespace eider::page
