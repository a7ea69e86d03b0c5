#pragma once
/// \file
/// Writes columns of file version 2.0 (array_encoding.h draws the bytes): every field has one, structs and lists included.
///
///     struct          no buffers; structs are never null
///     list            u64 ends, a null adds the number of items + 1; the items of a page follow in their own column
///     fixed width     flat, with a validity bitmap in front where something is null
///     strings         u64 ends and bytes, a null adds the number of bytes + 1
///     dictionary      keys and items; null keys become one more item, which is null
///
/// Nothing is compressed, as the reference writes 2.0 by default.

#include "eider/page/column_leaf.h"
#include "eider/page/encoded_page.h"

namespace eider::page::v2_0 {

/// The columns of one top-level field, depth-first. \throws Error(kUnsupported) naming a field that 2.0 cannot hold.
std::vector<ColumnLeaf> FindArrayColumns(const LanceField& field, const Field& arrow);

/// One page of a column from consecutive pieces of the top-level field; nullopt when they hold nothing of it.
/// \throws Error(kUnsupported) for null structs, naming the column.
std::optional<EncodedPage> EncodeArrayPage(std::span<const ArrayPtr> pieces, const ColumnLeaf& column);

}  // namespace eider::page::v2_0
