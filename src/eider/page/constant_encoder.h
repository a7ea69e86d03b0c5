#pragma once
/// \file
/// Pages without stored values: all items null, or (2.2) one value for every visible item.
///
///     all null, one nullable item layer    no buffers: every item is null
///     all null, other layers               | rep | def |   2.1: raw u16; 2.2: each block-compressed, counts in the layout
///     constant, fixed width <= 32 bytes    the value inline in the layout; | rep | def | raw u16, or no buffers without levels
///     constant, other                      | scalar | rep | def |, or | scalar | without levels
///     scalar:  u32 number of buffers | u32 size of each | their bytes      (Arrow buffers of an array of one value)

#include "eider/codec/values.h"
#include "eider/page/encoded_page.h"
#include "eider/page/shred.h"

namespace eider::page {

/// A page of `leaf`, whose items are all null (or which has none).
EncodedPage EncodeAllNull(const ShreddedLeaf& leaf, uint16_t version_minor);

/// The item whose value every non-null item has, or nullopt. `values` are the items of `leaf`, of which one is not null.
std::optional<uint64_t> FindConstant(const ShreddedLeaf& leaf, const codec::LeafValues& values);

/// A 2.2 page in which every non-null item is `values[item]`.
EncodedPage EncodeConstant(const ShreddedLeaf& leaf, const codec::LeafValues& values, uint64_t item);

}  // namespace eider::page
