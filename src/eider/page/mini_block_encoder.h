#pragma once
/// \file
/// Mini-block pages: small chunks, each holding levels and compressed values.
///
///     page buffers:  | chunk words | chunks | dictionary? | repetition index? |
///     chunk word:    u16 (2.1) or u32 (2.2): (chunk bytes / 8 - 1) << 4 | log2(values); the last chunk's log is 0
///     chunk:         | u16 levels | u16 rep bytes? | u16 def bytes? | size of each value buffer: u16 (2.1), u32 (2.2) |
///                    | rep? | def? | value buffers |        every part padded to 8 bytes with 0xFE
///     repetition index, per chunk:  | u64 rows finished | u64 levels left over |
///
/// A chunk but the last takes levels until it has its visible items; specials after the last one belong to the next chunk. A
/// chunk whose successor starts a row leaves nothing over.

#include <optional>

#include "eider/codec/compressor.h"
#include "eider/page/encoded_page.h"
#include "eider/page/shred.h"

namespace eider::page {

/// Dictionary of a page: its values in block form.
struct PageDictionary {
  BufferBuilder bytes;
  codec::CompressiveEncoding encoding;
  uint64_t num_items = 0;
};

/// `values` are the items of `leaf` (or their dictionary indices). Returns nullopt when the levels of a chunk do not fit its
/// header or, in 2.1, its 32 KiB: the caller then cuts the page or takes another layout.
std::optional<EncodedPage> EncodeMiniBlock(const ShreddedLeaf& leaf, const codec::LeafValues& values,
                                           const codec::CompressionOptions& options, std::optional<PageDictionary> dictionary);

}  // namespace eider::page
