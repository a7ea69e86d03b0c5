#pragma once
/// \file
/// Run-length: values of 8, 16, 32 or 64 bits, lengths of 1 byte.
///
///     mini-block  buffer 0  | v0 | v1 | ... |    runs x bytes, little-endian
///                 buffer 1  | n0 | n1 | ... |    runs x 1 byte
///     block       | u64 bytes of values | values | lengths |
///
/// Writer: 1 <= n <= 255, longer runs are split, the lengths of a chunk add up to its values. Reader: a final run that
/// overshoots is cut short (the reference engine writes such runs).

#include "eider/codec/codec.h"

namespace eider::codec {

std::unique_ptr<MiniBlockDecompressor> MakeRleMiniBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<BlockDecompressor> MakeRleBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<LevelDecompressor> MakeRleLevel(const CompressiveEncoding&, int depth);
std::string DescribeRle(const CompressiveEncoding&, int depth);

/// The longest run that one length can hold.
inline constexpr uint64_t kMaxRun = 255;

/// Runs of equal values (IsElementWidth), cut at the ends of chunks; the stored ones are at most num_values / kMaxRun more.
uint64_t CountRuns(const LeafValues& values);
MiniBlockPage CompressRle(const LeafValues& values, uint64_t chunk_values, CompressiveEncoding* encoding);
/// The block form of levels.
void CompressRleLevels(std::span<const uint16_t> levels, BufferBuilder& out);
void SetRle(uint64_t bits, CompressiveEncoding* encoding);

}  // namespace eider::codec
