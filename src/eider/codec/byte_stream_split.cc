#include "eider/codec/byte_stream_split.h"

#include <fmt/format.h>

#include "eider/codec/flat.h"

namespace eider::codec {
namespace {

template <size_t kWidth>
class ByteStreamSplitMiniBlock final : public MiniBlockDecompressor {
 public:
  uint32_t num_buffers() const override { return 1; }
  uint64_t max_first_buffer_bytes(uint64_t num_values) const override { return FlatBytes(num_values, 8 * kWidth); }

  void AppendRange(std::span<const ByteSpan> buffers, uint64_t num_values, uint64_t first, uint64_t count,
                   DecodedValues& out) const override {
    CheckSize(buffers[0], num_values);
    if (count == 0) return;
    uint8_t* to = out.ExtendFixed(count);
    const uint8_t* from = buffers[0].data() + first;
    for (uint64_t i = 0; i < count; ++i) {
      for (size_t k = 0; k < kWidth; ++k) to[i * kWidth + k] = from[k * num_values + i];
    }
  }
  void AppendAt(std::span<const ByteSpan> buffers, uint64_t num_values, std::span<const uint32_t> positions,
                DecodedValues& out) const override {
    CheckSize(buffers[0], num_values);
    if (positions.empty()) return;
    uint8_t* to = out.ExtendFixed(positions.size());
    for (const uint32_t position : positions) {
      for (size_t k = 0; k < kWidth; ++k) *to++ = buffers[0][k * num_values + position];
    }
  }

 private:
  static void CheckSize(ByteSpan bytes, uint64_t num_values) {
    if (bytes.size() != FlatBytes(num_values, 8 * kWidth)) {
      throw Corrupt("byte_stream_split: {} bytes for {} values of {}", bytes.size(), num_values, kWidth);
    }
  }
};

// Appends values [0, n) of `from` to `out`.
void AppendSplit(const uint8_t* from, uint64_t n, size_t width, BufferBuilder& out) {
  uint8_t* to = out.Extend(n * width);
  for (size_t k = 0; k < width; ++k) {
    for (uint64_t i = 0; i < n; ++i) *to++ = from[i * width + k];
  }
}

}  // namespace

MiniBlockPage CompressByteStreamSplit(const LeafValues& values, CompressiveEncoding* encoding, uint64_t target_bytes) {
  const uint64_t bits = values.shape.bits_per_value;
  SetFlat(bits, encoding->mutable_byte_stream_split()->mutable_values());
  MiniBlockPage page = NewPage(1);
  const uint64_t per_chunk = ChunkValuesOf(bits, target_bytes);
  for (uint64_t first = 0; first < values.num_values; first += per_chunk) {
    const uint64_t count = std::min(per_chunk, values.num_values - first);
    const size_t before = page.buffers[0].size();
    AppendSplit(values.data.data() + first * (bits / 8), count, bits / 8, page.buffers[0]);
    EndChunk(static_cast<uint32_t>(count), {&before, 1}, page);
  }
  return page;
}

std::unique_ptr<MiniBlockDecompressor> MakeByteStreamSplitMiniBlock(const CompressiveEncoding& encoding,
                                                                    const ValueShape& shape, int) {
  const uint64_t bits = FlatBits(encoding.byte_stream_split().values(), "byte_stream_split");
  CheckFixed("byte_stream_split", shape, bits);
  switch (bits) {
    case 16: return std::make_unique<ByteStreamSplitMiniBlock<2>>();
    case 32: return std::make_unique<ByteStreamSplitMiniBlock<4>>();
    case 64: return std::make_unique<ByteStreamSplitMiniBlock<8>>();
    default: throw Corrupt("byte_stream_split: {}-bit values", bits);
  }
}
std::unique_ptr<BlockDecompressor> MakeByteStreamSplitBlock(const CompressiveEncoding& encoding, const ValueShape& shape,
                                                            int depth) {
  return BlockOf(MakeByteStreamSplitMiniBlock(encoding, shape, depth));
}
std::string DescribeByteStreamSplit(const CompressiveEncoding& encoding, int) {
  return fmt::format("<{}>", encoding.byte_stream_split().values().flat().bits_per_value());
}

}  // namespace eider::codec
