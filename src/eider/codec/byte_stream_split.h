#pragma once
/// \file
/// Byte-stream split: byte k of every value of the chunk is contiguous, for values of 32 or 64 bits (16 is read as well).
///
///     | byte 0 of v0 .. vn-1 | byte 1 of v0 .. vn-1 | ... |    n x width bytes

#include "eider/codec/codec.h"

namespace eider::codec {

std::unique_ptr<MiniBlockDecompressor> MakeByteStreamSplitMiniBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<BlockDecompressor> MakeByteStreamSplitBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::string DescribeByteStreamSplit(const CompressiveEncoding&, int depth);

/// Values of 32 or 64 bits. Gains nothing by itself: for a compressor around it.
MiniBlockPage CompressByteStreamSplit(const LeafValues& values, CompressiveEncoding* encoding, uint64_t target_bytes = kChunkTargetBytes);

}  // namespace eider::codec
