#pragma once
/// \file
/// Reads of variable-width values of a 2.0 page: binary, FSST, values of one length. Internal to this folder.

#include "eider/page/v2_0/array_encoding.h"

namespace eider::page::v2_0 {

ArrayReadPtr MakeBinaryRead(const ::lance::encodings::Binary& binary, const PageBuffers& buffers, TypePtr type, RowRanges ranges, int depth);
ArrayReadPtr MakeFsstRead(const ::lance::encodings::Fsst& fsst, const PageBuffers& buffers, TypePtr type, RowRanges ranges, int depth);
ArrayReadPtr MakeEqualLengthRead(const ::lance::encodings::FixedSizeBinary& binary, const PageBuffers& buffers, TypePtr type,
                                 RowRanges ranges, int depth);

}  // namespace eider::page::v2_0
