#pragma once
/// \file
/// Inline bit-packing: blocks of 1024 values, each with its own width. T = 8, 16, 32 or 64 bits per element.
///
///     | width (T bits) | 128 x width bytes | width | ... |      ceil(n / 1024) blocks, kernel/bitpack.h draws one
///
/// Writer: the last block is padded with zeros; in 2.1 no block of width 0. Reader: width <= T, the blocks end where the
/// buffer ends; a chunk may hold several blocks.

#include "eider/codec/codec.h"

namespace eider::codec {

std::unique_ptr<MiniBlockDecompressor> MakeInlineMiniBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<BlockDecompressor> MakeInlineBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<LevelDecompressor> MakeInlineLevel(const CompressiveEncoding&, int depth);
std::string DescribeInline(const CompressiveEncoding&, int depth);

}  // namespace eider::codec
