#include "eider/codec/codec.h"

#include <fmt/format.h>

#include "eider/codec/byte_stream_split.h"
#include "eider/codec/constant.h"
#include "eider/codec/fixed_size_list.h"
#include "eider/codec/flat.h"
#include "eider/codec/fsst.h"
#include "eider/codec/general.h"
#include "eider/codec/inline_bitpacking.h"
#include "eider/codec/out_of_line_bitpacking.h"
#include "eider/codec/packed_struct.h"
#include "eider/codec/rle.h"
#include "eider/codec/variable.h"
#include "eider/kernel/levels.h"

namespace eider::codec {
namespace {

using CE = CompressiveEncoding;

constexpr Codec kCodecs[] = {
    {CE::kFlat, "flat", MakeFlatMiniBlock, MakeFlatPerValue, MakeFlatBlock, MakeFlatLevel, DescribeFlat},
    {CE::kVariable, "variable", MakeVariableMiniBlock, MakeVariablePerValue, MakeVariableBlock, nullptr, DescribeVariable},
    {CE::kConstant, "constant", nullptr, nullptr, nullptr, MakeConstantLevel, DescribeConstant},
    {CE::kOutOfLineBitpacking, "out_of_line_bitpacking", MakeOutOfLineMiniBlock, nullptr, MakeOutOfLineBlock,
     MakeOutOfLineLevel, DescribeOutOfLine},
    {CE::kInlineBitpacking, "inline_bitpacking", MakeInlineMiniBlock, nullptr, MakeInlineBlock, MakeInlineLevel,
     DescribeInline},
    {CE::kFsst, "fsst", MakeFsstMiniBlock, MakeFsstPerValue, MakeFsstBlock, nullptr, DescribeFsst},
    {CE::kRle, "rle", MakeRleMiniBlock, nullptr, MakeRleBlock, MakeRleLevel, DescribeRle},
    {CE::kByteStreamSplit, "byte_stream_split", MakeByteStreamSplitMiniBlock, nullptr, MakeByteStreamSplitBlock, nullptr,
     DescribeByteStreamSplit},
    {CE::kGeneral, "general", MakeGeneralMiniBlock, MakeGeneralPerValue, MakeGeneralBlock, MakeGeneralLevel,
     DescribeGeneral},
    {CE::kFixedSizeList, "fixed_size_list", MakeFixedSizeListMiniBlock, MakeFixedSizeListPerValue, nullptr, nullptr,
     DescribeFixedSizeList},
    {CE::kPackedStruct, "packed_struct", MakePackedStructMiniBlock, MakePackedStructPerValue, nullptr, nullptr,
     DescribePackedStruct},
    {CE::kVariablePackedStruct, "variable_packed_struct", nullptr, MakeVariablePackedStructPerValue, nullptr, nullptr,
     DescribeVariablePackedStruct},
};

class BlockOfMiniBlock final : public BlockDecompressor {
 public:
  explicit BlockOfMiniBlock(std::unique_ptr<MiniBlockDecompressor> inner) : inner_(std::move(inner)) {}
  void AppendBlock(ByteSpan block, uint64_t num_values, DecodedValues& out) const override {
    inner_->AppendRange({&block, 1}, num_values, 0, num_values, out);
  }
  uint64_t max_bytes(uint64_t num_values) const override { return inner_->max_first_buffer_bytes(num_values); }

 private:
  std::unique_ptr<MiniBlockDecompressor> inner_;
};

Error NotAllowed(const Codec& codec, const char* context) {
  return Corrupt("{}: the format does not use it for {}", codec.name, context);
}

}  // namespace

const Codec& FindCodec(const CompressiveEncoding& encoding, int depth) {
  if (depth > kMaxEncodingDepth) throw Corrupt("encoding: nested more than {} deep", kMaxEncodingDepth);
  for (const Codec& codec : kCodecs) {
    if (codec.id == encoding.compression_case()) return codec;
  }
  if (encoding.has_dictionary()) throw Unsupported("dictionary: only the dictionary of a mini-block page is read");
  throw Unsupported("encoding: a value encoding that this version does not know");
}

std::unique_ptr<MiniBlockDecompressor> MakeMiniBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int depth) {
  const Codec& codec = FindCodec(encoding, depth);
  if (codec.mini_block == nullptr) throw NotAllowed(codec, "mini-block values");
  return codec.mini_block(encoding, shape, depth);
}
std::unique_ptr<PerValueDecompressor> MakePerValue(const CompressiveEncoding& encoding, const ValueShape& shape, int depth) {
  const Codec& codec = FindCodec(encoding, depth);
  if (codec.per_value == nullptr) throw NotAllowed(codec, "full-zip values");
  return codec.per_value(encoding, shape, depth);
}
std::unique_ptr<BlockDecompressor> MakeBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int depth) {
  const Codec& codec = FindCodec(encoding, depth);
  if (codec.block == nullptr) throw NotAllowed(codec, "blocks");
  return codec.block(encoding, shape, depth);
}
std::unique_ptr<LevelDecompressor> MakeLevel(const CompressiveEncoding& encoding, int depth) {
  const Codec& codec = FindCodec(encoding, depth);
  if (codec.level == nullptr) throw NotAllowed(codec, "levels");
  return codec.level(encoding, depth);
}

std::unique_ptr<MiniBlockDecompressor> MakeMiniBlockDecompressor(const CompressiveEncoding& encoding, const ValueShape& shape) {
  return MakeMiniBlock(encoding, shape, 0);
}
std::unique_ptr<PerValueDecompressor> MakePerValueDecompressor(const CompressiveEncoding& encoding, const ValueShape& shape) {
  return MakePerValue(encoding, shape, 0);
}
std::unique_ptr<BlockDecompressor> MakeBlockDecompressor(const CompressiveEncoding& encoding, const ValueShape& shape) {
  return MakeBlock(encoding, shape, 0);
}
std::unique_ptr<LevelDecompressor> MakeLevelDecompressor(const CompressiveEncoding& encoding) { return MakeLevel(encoding, 0); }

std::string Describe(const CompressiveEncoding& encoding, int depth) {
  for (const Codec& codec : kCodecs) {
    if (codec.id != encoding.compression_case()) continue;
    return codec.name + (depth > kMaxEncodingDepth ? "..." : codec.describe(encoding, depth));
  }
  switch (encoding.compression_case()) {
    case CE::kDictionary: return "dictionary";
    case CE::kRange: return "range";
    case CE::kDelta: return "delta";
    default: return "unknown";
  }
}
std::string DescribeEncoding(const CompressiveEncoding& encoding) { return Describe(encoding, 0); }

uint32_t ChunkValuesOf(uint64_t bits, uint64_t target_bytes) {
  uint32_t n = 2;
  while (n < kMaxChunkValues && BytesForBits(2 * uint64_t{n} * bits) < target_bytes) n *= 2;
  return n;
}

MiniBlockPage NewPage(size_t num_buffers) {
  MiniBlockPage page;
  page.buffers.resize(num_buffers);
  return page;
}

void EndChunk(uint32_t num_values, std::span<const size_t> sizes_before, MiniBlockPage& page) {
  MiniBlockPage::Chunk& chunk = page.chunks.emplace_back();
  chunk.num_values = num_values;
  for (size_t b = 0; b < page.buffers.size(); ++b) {
    chunk.buffer_sizes.push_back(static_cast<uint32_t>(page.buffers[b].size() - sizes_before[b]));
  }
}

uint64_t FlatBits(const CompressiveEncoding& encoding, const char* what) {
  if (!encoding.has_flat()) throw Corrupt("{}: holds {} where it must hold flat", what, Describe(encoding, 0));
  if (encoding.flat().data().scheme() != ::lance::encodings21::COMPRESSION_ALGORITHM_UNSPECIFIED) {
    throw Unsupported("{}: flat with a compressed buffer", what);
  }
  return encoding.flat().bits_per_value();
}

std::unique_ptr<BlockDecompressor> BlockOf(std::unique_ptr<MiniBlockDecompressor> mini_block) {
  return std::make_unique<BlockOfMiniBlock>(std::move(mini_block));
}

void CheckFixed(const char* codec, const ValueShape& shape, uint64_t bits) {
  if (shape.kind != ValueShape::Kind::kFixed) throw Corrupt("{}: fixed-width values in a variable-width column", codec);
  if (shape.bits_per_value != bits) throw Corrupt("{}: {} bits per value, the column has {}", codec, bits, shape.bits_per_value);
}

void CheckVariable(const char* codec, const ValueShape& shape) {
  if (shape.kind != ValueShape::Kind::kVariable) throw Corrupt("{}: variable-width values in a fixed-width column", codec);
}

void LevelDecompressor::MaskEqual(ByteSpan block, uint64_t num_levels, uint16_t value, uint64_t* mask) const {
  BufferBuilder levels(2 * num_levels);
  const std::span<uint16_t> decoded(levels.as<uint16_t>(), num_levels);
  Decode(block, decoded);
  kernel::LevelsEqual(decoded, value, mask);
}

void LevelDecompressor::MaskAtMost(ByteSpan block, uint64_t num_levels, uint16_t value, uint64_t* mask) const {
  BufferBuilder levels(2 * num_levels);
  const std::span<uint16_t> decoded(levels.as<uint16_t>(), num_levels);
  Decode(block, decoded);
  kernel::LevelsAtMost(decoded, value, mask);
}

void LevelDecompressor::Extract(ByteSpan block, uint64_t num_levels, uint64_t first, std::span<uint16_t> out) const {
  for (uint64_t i = 0; i < out.size(); ++i) out[i] = At(block, num_levels, first + i);
}

void MaskAtMostOfPacked(const LevelDecompressor& levels, ByteSpan block, uint64_t num_levels, uint16_t value, uint64_t* mask) {
  levels.MaskEqual(block, num_levels, 0, mask);
  if (value == 0) return;
  std::vector<uint64_t> one(kernel::MaskWords(num_levels));
  for (uint32_t v = 1; v <= value; ++v) {
    levels.MaskEqual(block, num_levels, static_cast<uint16_t>(v), one.data());
    for (size_t w = 0; w < one.size(); ++w) mask[w] |= one[w];
  }
}

}  // namespace eider::codec
