#pragma once
/// \file
/// General: LZ4 or Zstandard around another encoding.
///
///     lz4   | u32 raw size | LZ4 block |
///     zstd  | u64 raw size | zstd frame |        older writers: the bare frame, known by its magic
///
/// A mini-block chunk has only its first buffer compressed, a full-zip page every value, a block the whole. Reader: the raw
/// size is believed only as far as the compressed bytes and the inner encoding can justify it, before anything is allocated.

#include "eider/codec/codec.h"

namespace eider::codec {

std::unique_ptr<MiniBlockDecompressor> MakeGeneralMiniBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<PerValueDecompressor> MakeGeneralPerValue(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<BlockDecompressor> MakeGeneralBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<LevelDecompressor> MakeGeneralLevel(const CompressiveEncoding&, int depth);
std::string DescribeGeneral(const CompressiveEncoding&, int depth);

/// Appends the compressed form of `raw`, its size in front. Without a level: the library's default.
void CompressGeneral(::lance::encodings21::CompressionScheme scheme, std::optional<int> level, ByteSpan raw, BufferBuilder& out);
void SetGeneral(::lance::encodings21::CompressionScheme scheme, std::optional<int> level, CompressiveEncoding inner,
                CompressiveEncoding* encoding);
/// Compresses the first buffer of every chunk. False, and nothing changed, when that does not make the page smaller.
bool WrapGeneral(::lance::encodings21::CompressionScheme scheme, std::optional<int> level, MiniBlockPage& page,
                 CompressiveEncoding* encoding);

/// Appends the raw bytes of `compressed` to `out`, at most `limit` of them.
void DecompressGeneral(::lance::encodings21::CompressionScheme scheme, ByteSpan compressed, uint64_t limit, BufferBuilder& out);

}  // namespace eider::codec
