#pragma once
/// \file
/// Inline bit-packing: blocks of 1024 values, each with its own width. T = 8, 16, 32 or 64 bits per element.
///
///     | width (T bits) | 128 x width bytes | width | ... |      ceil(n / 1024) blocks, kernel/bitpack.h draws one
///
/// Writer: the last block is padded with zeros; no block has width 0 (early readers of 2.1 refuse it). Reader: width <= T, the blocks end where the
/// buffer ends; a chunk may hold several blocks.

#include "eider/codec/codec.h"

namespace eider::codec {

std::unique_ptr<MiniBlockDecompressor> MakeInlineMiniBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<BlockDecompressor> MakeInlineBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<LevelDecompressor> MakeInlineLevel(const CompressiveEncoding&, int depth);
std::string DescribeInline(const CompressiveEncoding&, int depth);

/// Bytes of all values of `values` (IsElementWidth) in this form.
uint64_t InlineBitpackedBytes(const LeafValues& values);
/// One block per chunk.
/// `bytes`: InlineBitpackedBytes of them.
MiniBlockPage CompressInline(const LeafValues& values, uint64_t bytes, CompressiveEncoding* encoding);

}  // namespace eider::codec
