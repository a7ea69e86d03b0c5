#pragma once
/// \file
/// Full-zip pages: one stream in which each entry's levels stand before its value.
///
///     page buffers:  | stream | repetition index? |
///     entry:         | control word | value bytes |                 fixed width; specials end after the control word
///                    | control word | length | value bytes |        variable width; nulls and specials end after the control word
///     control word:  rep << bits_def | def, in 0, 1, 2 or 4 bytes
///     length:        u32 or u64
///     repetition index: (rows + 1) stream positions of 1, 2, 4 or 8 bytes; with lists, or when values are variable
///
/// Fixed-width values without levels are a plain run of values: the parts then lie in the input, and readers can view them.

#include "eider/codec/compressor.h"
#include "eider/page/encoded_page.h"
#include "eider/page/shred.h"

namespace eider::page {

/// `values` are the items of `leaf`, of whole bytes.
EncodedPage EncodeFullZip(const ShreddedLeaf& leaf, const codec::LeafValues& values, const codec::CompressionOptions& options);

}  // namespace eider::page
