#pragma once
/// \file
/// The table of codecs: one row per message of CompressiveEncoding, one file pair per row. Internal to this folder.

#include <memory>
#include <string>

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
void CheckVariable(const char* codec, const ValueShape& shape);

}  // namespace eider::codec
