#pragma once
/// \file
/// Reads of fixed-width values of a 2.0 page: flat and the two bit-packings. Internal to this folder.

#include "eider/page/v2_0/array_encoding.h"

namespace eider::page::v2_0 {

/// The buffer that `reference` names. \throws Error(kCorrupt) when there is none.
ByteRange FindBuffer(const ::lance::encodings::Buffer& reference, const PageBuffers& buffers);

ArrayReadPtr MakeFlatRead(const ::lance::encodings::Flat& flat, const PageBuffers& buffers, TypePtr type, RowRanges ranges);
ArrayReadPtr MakeBitpackedRead(const ::lance::encodings::Bitpacked& packed, const PageBuffers& buffers, TypePtr type, RowRanges ranges);
ArrayReadPtr MakeBlockPackedRead(const ::lance::encodings::BitpackedForNonNeg& packed, const PageBuffers& buffers, TypePtr type,
                                 RowRanges ranges);

}  // namespace eider::page::v2_0
