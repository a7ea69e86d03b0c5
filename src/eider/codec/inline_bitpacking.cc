#include "eider/codec/inline_bitpacking.h"

#include <fmt/format.h>

#include "eider/kernel/bitpack.h"
#include "eider/kernel/levels.h"
#include "eider/kernel/packed_address.h"
#include "eider/kernel/scan.h"

namespace eider::codec {
namespace {

using kernel::kPackedBlockValues;
using kernel::PackedBlockBytes;

// Beyond this many wanted values per block, unpacking the block is cheaper than addressing them.
constexpr uint64_t kUnpackAbove = 96;

template <typename T>
class Blocks {
 public:
  struct Block {
    const uint8_t* packed;
    uint32_t width;
  };
  Blocks(ByteSpan bytes, uint64_t num_values) : rest_(bytes), num_blocks_(CeilDiv(num_values, kPackedBlockValues)) {
    if (num_blocks_ > bytes.size() / sizeof(T)) {
      throw Corrupt("inline_bitpacking: {} bytes for {} values of {} bits", bytes.size(), num_values, 8 * sizeof(T));
    }
  }
  uint64_t num_blocks() const { return num_blocks_; }
  /// The next block; call at most num_blocks() times.
  Block Next() {
    if (rest_.size() < sizeof(T)) throw Corrupt("inline_bitpacking: no header in the last {} bytes", rest_.size());
    const T width = LoadLe<T>(rest_.data());
    if (width > 8 * sizeof(T)) throw Corrupt("inline_bitpacking: width {} of {}-bit values", width, 8 * sizeof(T));
    const size_t size = sizeof(T) + PackedBlockBytes(static_cast<uint32_t>(width));
    if (size > rest_.size()) {
      throw Corrupt("inline_bitpacking: width {} takes {} bytes, {} are left", width, size, rest_.size());
    }
    const Block block{rest_.data() + sizeof(T), static_cast<uint32_t>(width)};
    rest_ = rest_.subspan(size);
    return block;
  }
  void ExpectEnd() const {
    if (!rest_.empty()) throw Corrupt("inline_bitpacking: {} bytes behind the last block", rest_.size());
  }
  /// Block `index` of an unread sequence; every header up to it is checked.
  Block Seek(uint64_t index) {
    for (uint64_t i = 0; i < index; ++i) Next();
    return Next();
  }

 private:
  ByteSpan rest_;
  const uint64_t num_blocks_;
};

// Writes values [first, first + count) to `out`.
template <typename T>
void UnpackRange(ByteSpan bytes, uint64_t num_values, uint64_t first, uint64_t count, uint8_t* out) {
  Blocks<T> blocks(bytes, num_values);
  const uint64_t end = first + count;
  T scratch[kPackedBlockValues];
  for (uint64_t i = 0; i < blocks.num_blocks(); ++i) {
    const auto block = blocks.Next();
    const uint64_t begin_of_block = i * kPackedBlockValues;
    const uint64_t from = std::max(first, begin_of_block), to = std::min(end, begin_of_block + kPackedBlockValues);
    if (from >= to) continue;
    if (to - from == kPackedBlockValues) {
      kernel::UnpackBlock<T>(block.packed, block.width, reinterpret_cast<T*>(out + (from - first) * sizeof(T)));
      continue;
    }
    kernel::UnpackBlock<T>(block.packed, block.width, scratch);
    std::memcpy(out + (from - first) * sizeof(T), scratch + (from - begin_of_block), (to - from) * sizeof(T));
  }
  blocks.ExpectEnd();
}

template <typename T>
class InlineMiniBlock final : public MiniBlockDecompressor {
 public:
  uint32_t num_buffers() const override { return 1; }
  uint64_t max_first_buffer_bytes(uint64_t num_values) const override {
    return CheckedMul(CeilDiv(num_values, kPackedBlockValues), sizeof(T) * (kPackedBlockValues + 1), "inline_bitpacking");
  }
  void AppendRange(std::span<const ByteSpan> buffers, uint64_t num_values, uint64_t first, uint64_t count,
                   DecodedValues& out) const override {
    if (count == 0) return;
    Blocks<T>(buffers[0], num_values);  // no allocation before the count is plausible
    UnpackRange<T>(buffers[0], num_values, first, count, out.ExtendFixed(count));
  }

  void AppendAt(std::span<const ByteSpan> buffers, uint64_t num_values, std::span<const uint32_t> positions,
                DecodedValues& out) const override {
    Blocks<T> blocks(buffers[0], num_values);
    if (positions.empty()) return;
    if (positions.size() > kUnpackAbove * blocks.num_blocks()) return UnpackAndGather(buffers[0], num_values, positions, out);
    if (blocks.num_blocks() == 1) return ExtractFromOne(blocks.Next(), positions, out);
    std::vector<typename Blocks<T>::Block> all(blocks.num_blocks());
    for (auto& block : all) block = blocks.Next();
    uint8_t* to = out.ExtendFixed(positions.size());
    for (const uint32_t position : positions) {
      const auto& block = all[position / kPackedBlockValues];
      StoreLe<T>(to, kernel::ExtractPacked<T>(block.packed, block.width, position % kPackedBlockValues));
      to += sizeof(T);
    }
  }
  void PrefetchAt(std::span<const ByteSpan> buffers, uint64_t, uint32_t position, int step) const override {
    const ByteSpan bytes = buffers[0];
    if (bytes.size() <= sizeof(T) || position >= kPackedBlockValues) return;
    if (step == 0) return Prefetch(bytes.data());
    const T width = LoadLe<T>(bytes.data());
    if (width > 8 * sizeof(T)) return;
    const uint8_t* word = kernel::PackedAddress<T>(bytes.data() + sizeof(T), static_cast<uint32_t>(width), position);
    Prefetch(word);
    Prefetch(word + PackedBlockBytes(1));  // the next word of the lane: a value may go on in it
  }

 private:
  static void ExtractFromOne(typename Blocks<T>::Block block, std::span<const uint32_t> positions, DecodedValues& out) {
    uint8_t* to = out.ExtendFixed(positions.size());
    for (const uint32_t position : positions) {
      StoreLe<T>(to, kernel::ExtractPacked<T>(block.packed, block.width, position));
      to += sizeof(T);
    }
  }
  static void UnpackAndGather(ByteSpan bytes, uint64_t num_values, std::span<const uint32_t> positions, DecodedValues& out) {
    BufferBuilder all;
    UnpackRange<T>(bytes, num_values, 0, num_values, all.Extend(num_values * sizeof(T)));
    uint8_t* to = out.ExtendFixed(positions.size());
    for (const uint32_t position : positions) {
      StoreLe<T>(to, LoadLe<T>(all.data() + sizeof(T) * position));
      to += sizeof(T);
    }
  }
};

class InlineLevel final : public LevelDecompressor {
 public:
  void Decode(ByteSpan block, std::span<uint16_t> out) const override {
    UnpackRange<uint16_t>(block, out.size(), 0, out.size(), reinterpret_cast<uint8_t*>(out.data()));
  }
  uint16_t At(ByteSpan bytes, uint64_t num_levels, uint64_t i) const override {
    const auto block = Blocks<uint16_t>(bytes, num_levels).Seek(i / kPackedBlockValues);
    return kernel::ExtractPacked<uint16_t>(block.packed, block.width, static_cast<uint32_t>(i % kPackedBlockValues));
  }
  void MaskEqual(ByteSpan bytes, uint64_t num_levels, uint16_t value, uint64_t* mask) const override {
    Blocks<uint16_t> blocks(bytes, num_levels);
    for (uint64_t i = 0; i < blocks.num_blocks(); ++i) {
      const auto block = blocks.Next();
      uint64_t words[kPackedBlockValues / 64];
      kernel::PackedLevelsEqual(block.packed, block.width, value, words);
      const uint64_t levels = std::min<uint64_t>(kPackedBlockValues, num_levels - i * kPackedBlockValues);
      std::memcpy(mask + i * (kPackedBlockValues / 64), words, 8 * kernel::MaskWords(levels));
      if (levels % 64 != 0) mask[i * (kPackedBlockValues / 64) + levels / 64] &= ~uint64_t{0} >> (64 - levels % 64);
    }
    blocks.ExpectEnd();
  }
  void MaskAtMost(ByteSpan bytes, uint64_t num_levels, uint16_t value, uint64_t* mask) const override {
    MaskAtMostOfPacked(*this, bytes, num_levels, value, mask);
  }
};

uint64_t ElementBits(const CompressiveEncoding& encoding) {
  const auto& message = encoding.inline_bitpacking();
  if (message.values().scheme() != ::lance::encodings21::COMPRESSION_ALGORITHM_UNSPECIFIED) {
    throw Unsupported("inline_bitpacking: a compressed buffer");
  }
  return message.uncompressed_bits_per_value();
}

}  // namespace

namespace {

template <typename T>
uint32_t BlockWidth(const LeafValues& values, uint64_t first, uint64_t count) {
  return std::max(1u, kernel::MaxBitWidth<T>(values.data.data() + first * sizeof(T), count));
}

template <typename T, typename Body>
void ForEachBlock(const LeafValues& values, const Body& body) {
  for (uint64_t first = 0; first < values.num_values; first += kPackedBlockValues) {
    const uint64_t count = std::min<uint64_t>(kPackedBlockValues, values.num_values - first);
    body(first, count, BlockWidth<T>(values, first, count));
  }
}

template <typename T>
MiniBlockPage CompressBlocks(const LeafValues& values, uint64_t bytes) {
  MiniBlockPage page = NewPage(1);
  page.buffers[0].Reserve(bytes);
  BufferBuilder& out = page.buffers[0];
  ForEachBlock<T>(values, [&](uint64_t first, uint64_t count, uint32_t width) {
    T block[kPackedBlockValues] = {};
    std::memcpy(block, values.data.data() + first * sizeof(T), count * sizeof(T));
    const size_t before = out.size();
    out.AppendValue(static_cast<T>(width));
    kernel::PackBlock<T>(block, width, out.Extend(PackedBlockBytes(width)));
    EndChunk(static_cast<uint32_t>(count), {&before, 1}, page);
  });
  return page;
}

}  // namespace

uint64_t InlineBitpackedBytes(const LeafValues& values) {
  return WithElement(values.shape.bits_per_value, [&](auto zero) {
    uint64_t bytes = 0;
    ForEachBlock<decltype(zero)>(values, [&](uint64_t, uint64_t, uint32_t width) { bytes += sizeof(zero) + PackedBlockBytes(width); });
    return bytes;
  });
}

MiniBlockPage CompressInline(const LeafValues& values, uint64_t bytes, CompressiveEncoding* encoding) {
  encoding->mutable_inline_bitpacking()->set_uncompressed_bits_per_value(values.shape.bits_per_value);
  return WithElement(values.shape.bits_per_value, [&](auto zero) { return CompressBlocks<decltype(zero)>(values, bytes); });
}

std::unique_ptr<MiniBlockDecompressor> MakeInlineMiniBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int) {
  const uint64_t bits = ElementBits(encoding);
  CheckFixed("inline_bitpacking", shape, bits);
  switch (bits) {
    case 8: return std::make_unique<InlineMiniBlock<uint8_t>>();
    case 16: return std::make_unique<InlineMiniBlock<uint16_t>>();
    case 32: return std::make_unique<InlineMiniBlock<uint32_t>>();
    case 64: return std::make_unique<InlineMiniBlock<uint64_t>>();
    default: throw Corrupt("inline_bitpacking: {}-bit values", bits);
  }
}
std::unique_ptr<BlockDecompressor> MakeInlineBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int depth) {
  return BlockOf(MakeInlineMiniBlock(encoding, shape, depth));
}
std::unique_ptr<LevelDecompressor> MakeInlineLevel(const CompressiveEncoding& encoding, int) {
  if (ElementBits(encoding) != 16) throw Corrupt("inline_bitpacking: levels of {} bits, they have 16", ElementBits(encoding));
  return std::make_unique<InlineLevel>();
}
std::string DescribeInline(const CompressiveEncoding& encoding, int) {
  return fmt::format("<{}>", encoding.inline_bitpacking().uncompressed_bits_per_value());
}

}  // namespace eider::codec
