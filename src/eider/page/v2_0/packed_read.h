#pragma once
/// \file
/// Reads of packed structs and dictionaries of a 2.0 page. Internal to this folder.

#include "eider/page/v2_0/array_encoding.h"

namespace eider::page::v2_0 {

ArrayReadPtr MakePackedRead(const ::lance::encodings::PackedStruct& packed, const PageBuffers& buffers, TypePtr type, RowRanges ranges);
ArrayReadPtr MakeDictionaryRead(const ::lance::encodings::Dictionary& dictionary, const PageBuffers& buffers, TypePtr type,
                                RowRanges ranges, int depth);

}  // namespace eider::page::v2_0
