#pragma once
/// \file
/// Out-of-line bit-packing: one width w for the whole buffer, kept in the encoding. T = 8, 16, 32 or 64 bits per element.
///
///     | block 0 | block 1 | ... | tail |        floor(n / 1024) blocks of 128 w bytes (kernel/bitpack.h)
///     tail: the last n % 1024 values, raw (T bits each) or one more block padded with zeros
///
/// Writer: the tail is packed exactly when that is smaller. Reader: the buffer's length tells which.

#include "eider/codec/codec.h"

namespace eider::codec {

std::unique_ptr<MiniBlockDecompressor> MakeOutOfLineMiniBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<BlockDecompressor> MakeOutOfLineBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<LevelDecompressor> MakeOutOfLineLevel(const CompressiveEncoding&, int depth);
std::string DescribeOutOfLine(const CompressiveEncoding&, int depth);

/// Bytes of `n` values of `bits` each at `width`.
uint64_t OutOfLineBytes(uint64_t n, uint64_t bits, uint32_t width);
/// Appends `n` values of `bits` each (IsElementWidth), none wider than `width`.
void CompressOutOfLine(const uint8_t* values, uint64_t n, uint64_t bits, uint32_t width, BufferBuilder& out);
void SetOutOfLine(uint64_t bits, uint32_t width, CompressiveEncoding* encoding);

}  // namespace eider::codec
