#pragma once
/// \file
/// The table of codecs: one row per message of CompressiveEncoding, one file pair per row. Internal to this folder.

#include <memory>
#include <string>

#include "eider/codec/compressor.h"
#include "eider/codec/decompressor.h"
#include "eider/proto/encodings21.pb.h"

namespace eider::codec {

using ::lance::encodings21::BufferCompression;
using EncodingCase = CompressiveEncoding::CompressionCase;

/// Encodings nest (general(fsst(variable))); no legal tree is deeper than this.
inline constexpr int kMaxEncodingDepth = 12;

/// What one codec offers. A null maker: the format does not allow it in that context.
struct Codec {
  EncodingCase id;
  const char* name;
  std::unique_ptr<MiniBlockDecompressor> (*mini_block)(const CompressiveEncoding&, const ValueShape&, int depth);
  std::unique_ptr<PerValueDecompressor> (*per_value)(const CompressiveEncoding&, const ValueShape&, int depth);
  std::unique_ptr<BlockDecompressor> (*block)(const CompressiveEncoding&, const ValueShape&, int depth);
  std::unique_ptr<LevelDecompressor> (*level)(const CompressiveEncoding&, int depth);
  /// The inner part of the description: "32" in "flat<32>"; includes its own brackets.
  std::string (*describe)(const CompressiveEncoding&, int depth);
};

/// Limits of a mini-block chunk that the reference engine keeps to: values, and bytes that it aims for.
inline constexpr uint32_t kMaxChunkValues = 4096;
inline constexpr uint64_t kChunkTargetBytes = 8186;
inline constexpr uint64_t kVariableChunkTargetBytes = 4096;
/// The largest power of two of values of `bits` each that keeps to both (at least 1).
uint32_t ChunkValuesOf(uint64_t bits, uint64_t target_bytes = kChunkTargetBytes);
/// Starts a page of `num_buffers` streams without chunks.
MiniBlockPage NewPage(size_t num_buffers);
/// Closes a chunk: each buffer has grown by what it gained since the last chunk.
void EndChunk(uint32_t num_values, std::span<const size_t> sizes_before, MiniBlockPage& page);

/// Calls `body` with a zero of the unsigned type of `bits` = 8, 16, 32 or 64.
template <typename Body>
auto WithElement(uint64_t bits, Body&& body) {
  switch (bits) {
    case 8: return body(uint8_t{});
    case 16: return body(uint16_t{});
    case 32: return body(uint32_t{});
    default: EIDER_ASSERT(bits == 64); return body(uint64_t{});
  }
}
constexpr bool IsElementWidth(uint64_t bits) { return bits == 8 || bits == 16 || bits == 32 || bits == 64; }

/// The row of `encoding`. \throws Error(kUnsupported) when the message has no variant that we know, Error(kCorrupt) when
/// `depth` passes the limit.
const Codec& FindCodec(const CompressiveEncoding& encoding, int depth);

// As the public makers, for codecs that wrap others.
std::unique_ptr<MiniBlockDecompressor> MakeMiniBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int depth);
std::unique_ptr<PerValueDecompressor> MakePerValue(const CompressiveEncoding& encoding, const ValueShape& shape, int depth);
std::unique_ptr<BlockDecompressor> MakeBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int depth);
std::unique_ptr<LevelDecompressor> MakeLevel(const CompressiveEncoding& encoding, int depth);
std::string Describe(const CompressiveEncoding& encoding, int depth);

/// Bits of the Flat that `encoding` must be. \throws Error(kCorrupt) naming `what` when it is something else, kUnsupported
/// when its buffer is compressed on its own (nobody writes that).
uint64_t FlatBits(const CompressiveEncoding& encoding, const char* what);

/// Values that lie in one buffer in both contexts: the block form is the mini-block form of its only buffer.
std::unique_ptr<BlockDecompressor> BlockOf(std::unique_ptr<MiniBlockDecompressor> mini_block);

/// \throws Error(kCorrupt) unless `shape` is fixed width and takes `bits` per value.
void CheckFixed(const char* codec, const ValueShape& shape, uint64_t bits);
/// MaskAtMost by way of MaskEqual: pays for few small values, as levels are.
void MaskAtMostOfPacked(const LevelDecompressor& levels, ByteSpan block, uint64_t num_levels, uint16_t value, uint64_t* mask);
void CheckVariable(const char* codec, const ValueShape& shape);

}  // namespace eider::codec
