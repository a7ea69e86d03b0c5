#pragma once
/// \file
/// Constant: every level is the same; no bytes in the chunk. The value is a little-endian u16 in the encoding.

#include "eider/codec/codec.h"

namespace eider::codec {

std::unique_ptr<LevelDecompressor> MakeConstantLevel(const CompressiveEncoding&, int depth);
std::string DescribeConstant(const CompressiveEncoding&, int depth);

}  // namespace eider::codec
