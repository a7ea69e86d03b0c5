#pragma once
/// \file
/// Flat: fixed-width values as they are.
///
///     | v0 | v1 | ... |   n x bits_per_value / 8 bytes, little-endian
///     | b0..b7 | ... |    1 bit per value: LSB-first, ceil(n / 8) bytes
///
/// The same in every context. Reader: the buffer has exactly those bytes.

#include "eider/codec/codec.h"

namespace eider::codec {

std::unique_ptr<MiniBlockDecompressor> MakeFlatMiniBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<PerValueDecompressor> MakeFlatPerValue(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<BlockDecompressor> MakeFlatBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<LevelDecompressor> MakeFlatLevel(const CompressiveEncoding&, int depth);
std::string DescribeFlat(const CompressiveEncoding&, int depth);

/// Flat values of any shape, for codecs whose bytes are the same rows (packed structs, fixed-size lists).
std::unique_ptr<MiniBlockDecompressor> MakeFlatMiniBlockOf(const ValueShape& shape);
std::unique_ptr<PerValueDecompressor> MakeFlatPerValueOf(const ValueShape& shape);

/// Bytes of `n` values. \throws Error(kCorrupt) when they overflow.
uint64_t FlatBytes(uint64_t n, uint64_t bits_per_value);
/// Appends values [first, first + count) of flat bytes that hold them (the caller has checked).
void AppendFlatRange(const uint8_t* bytes, uint64_t first, uint64_t count, DecodedValues& out);
void AppendFlatAt(const uint8_t* bytes, std::span<const uint32_t> positions, DecodedValues& out);
/// Asks memory for a value that AppendFlatAt will copy.
void PrefetchFlatAt(ByteSpan bytes, uint32_t position, uint64_t bits_per_value);

/// A page of flat values (kFixed, no element validity).
MiniBlockPage CompressFlat(const LeafValues& values, CompressiveEncoding* encoding, uint64_t target_bytes = kChunkTargetBytes);
/// Appends values [first, first + count) of `values` to `out`, bits from bit 0.
void AppendFlatSlice(const LeafValues& values, uint64_t first, uint64_t count, BufferBuilder& out);

void SetFlat(uint64_t bits_per_value, CompressiveEncoding* encoding);

}  // namespace eider::codec
