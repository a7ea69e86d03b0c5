#include "eider/codec/flat.h"

#include <fmt/format.h>

namespace eider::codec {
namespace {

template <typename T>
void Gather(const uint8_t* bytes, std::span<const uint32_t> positions, uint8_t* to) {
  for (const uint32_t position : positions) {
    std::memcpy(to, bytes + sizeof(T) * position, sizeof(T));
    to += sizeof(T);
  }
}

void CheckSize(ByteSpan bytes, uint64_t num_values, uint64_t bits) {
  const uint64_t expected = FlatBytes(num_values, bits);
  if (bytes.size() != expected) {
    throw Corrupt("flat: {} bytes, {} values of {} bits take {}", bytes.size(), num_values, bits, expected);
  }
}

class FlatMiniBlock final : public MiniBlockDecompressor {
 public:
  explicit FlatMiniBlock(uint64_t bits) : bits_(bits) {}
  uint32_t num_buffers() const override { return 1; }
  uint64_t max_first_buffer_bytes(uint64_t num_values) const override { return FlatBytes(num_values, bits_); }

  void AppendRange(std::span<const ByteSpan> buffers, uint64_t num_values, uint64_t first, uint64_t count,
                   DecodedValues& out) const override {
    CheckSize(buffers[0], num_values, bits_);
    AppendFlatRange(buffers[0].data(), first, count, out);
  }
  void AppendAt(std::span<const ByteSpan> buffers, uint64_t num_values, std::span<const uint32_t> positions,
                DecodedValues& out) const override {
    CheckSize(buffers[0], num_values, bits_);
    AppendFlatAt(buffers[0].data(), positions, out);
  }
  void PrefetchAt(std::span<const ByteSpan> buffers, uint64_t, uint32_t position, int step) const override {
    if (step == 0) PrefetchFlatAt(buffers[0], position, bits_);
  }

 private:
  const uint64_t bits_;
};

class FlatPerValue final : public PerValueDecompressor {
 public:
  explicit FlatPerValue(uint64_t bytes) : bytes_(bytes) {}
  uint64_t stored_bytes() const override { return bytes_; }
  bool is_plain() const override { return true; }
  void AppendValue(ByteSpan stored, DecodedValues& out) const override {
    if (stored.size() != bytes_) throw Corrupt("flat: a value of {} bytes, expected {}", stored.size(), bytes_);
    if (bytes_ != 0) std::memcpy(out.ExtendFixed(1), stored.data(), bytes_);
    else ++out.num_values;
  }

 private:
  const uint64_t bytes_;
};

class FlatLevel final : public LevelDecompressor {
 public:
  void Decode(ByteSpan block, std::span<uint16_t> out) const override {
    CheckSize(block, out.size(), 16);
    if (!out.empty()) std::memcpy(out.data(), block.data(), block.size());
  }
  uint16_t At(ByteSpan block, uint64_t num_levels, uint64_t i) const override {
    CheckSize(block, num_levels, 16);
    return LoadLe<uint16_t>(block.data() + 2 * i);
  }
};

}  // namespace

uint64_t FlatBytes(uint64_t n, uint64_t bits_per_value) { return BytesForBits(CheckedMul(n, bits_per_value, "flat: values")); }

void PrefetchFlatAt(ByteSpan bytes, uint32_t position, uint64_t bits_per_value) {
  constexpr uint64_t kMaxBytes = 1024;  // the rest of a longer value comes by itself
  const uint64_t at = position * bits_per_value / 8;
  if (at < bytes.size()) PrefetchBytes(bytes.data() + at, std::min({CeilDiv(bits_per_value, 8), kMaxBytes, bytes.size() - at}));
}

void AppendFlatRange(const uint8_t* bytes, uint64_t first, uint64_t count, DecodedValues& out) {
  if (count == 0) return;
  const uint64_t bits = out.shape.bits_per_value;
  if (out.is_bits()) {
    out.bits.Append(bytes, first * bits, count * bits);
    out.num_values += count;
  } else if (bits == 0) {
    out.num_values += count;
  } else {
    std::memcpy(out.ExtendFixed(count), bytes + first * (bits / 8), count * (bits / 8));
  }
}

void AppendFlatAt(const uint8_t* bytes, std::span<const uint32_t> positions, DecodedValues& out) {
  const uint64_t bits = out.shape.bits_per_value;
  if (out.is_bits()) {
    for (const uint32_t position : positions) out.bits.Append(bytes, position * bits, bits);
    out.num_values += positions.size();
    return;
  }
  if (positions.empty()) return;
  uint8_t* to = out.ExtendFixed(positions.size());
  switch (bits) {
    case 8: return Gather<uint8_t>(bytes, positions, to);
    case 16: return Gather<uint16_t>(bytes, positions, to);
    case 32: return Gather<uint32_t>(bytes, positions, to);
    case 64: return Gather<uint64_t>(bytes, positions, to);
    default: break;
  }
  if (bits == 0) return;
  for (const uint32_t position : positions) {
    std::memcpy(to, bytes + position * (bits / 8), bits / 8);
    to += bits / 8;
  }
}

std::unique_ptr<MiniBlockDecompressor> MakeFlatMiniBlockOf(const ValueShape& shape) {
  return std::make_unique<FlatMiniBlock>(shape.bits_per_value);
}
std::unique_ptr<PerValueDecompressor> MakeFlatPerValueOf(const ValueShape& shape) {
  if (shape.bits_per_value % 8 != 0) throw Corrupt("flat: full-zip values of {} bits are not whole bytes", shape.bits_per_value);
  return std::make_unique<FlatPerValue>(shape.bits_per_value / 8);
}

std::unique_ptr<MiniBlockDecompressor> MakeFlatMiniBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int) {
  CheckFixed("flat", shape, FlatBits(encoding, "flat"));
  return MakeFlatMiniBlockOf(shape);
}
std::unique_ptr<PerValueDecompressor> MakeFlatPerValue(const CompressiveEncoding& encoding, const ValueShape& shape, int) {
  CheckFixed("flat", shape, FlatBits(encoding, "flat"));
  return MakeFlatPerValueOf(shape);
}
std::unique_ptr<BlockDecompressor> MakeFlatBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int depth) {
  return BlockOf(MakeFlatMiniBlock(encoding, shape, depth));
}
std::unique_ptr<LevelDecompressor> MakeFlatLevel(const CompressiveEncoding& encoding, int) {
  const uint64_t bits = FlatBits(encoding, "levels");
  if (bits != 16) throw Corrupt("flat: levels of {} bits, they have 16", bits);
  return std::make_unique<FlatLevel>();
}
std::string DescribeFlat(const CompressiveEncoding& encoding, int) { return fmt::format("<{}>", encoding.flat().bits_per_value()); }

void AppendFlatSlice(const LeafValues& values, uint64_t first, uint64_t count, BufferBuilder& out) {
  const uint64_t bits = values.shape.bits_per_value;
  if (bits % 8 == 0) return out.Append(values.data.subspan(first * (bits / 8), count * (bits / 8)));
  const uint64_t bytes = BytesForBits(count * bits);
  uint8_t* to = out.Extend(bytes);
  std::memset(to, 0, bytes);
  CopyBits(values.data.data(), values.bit_offset + first * bits, to, 0, count * bits);
}

MiniBlockPage CompressFlat(const LeafValues& values, CompressiveEncoding* encoding, uint64_t target_bytes) {
  SetFlat(values.shape.bits_per_value, encoding);
  MiniBlockPage page = NewPage(1);
  const uint64_t per_chunk = ChunkValuesOf(values.shape.bits_per_value, target_bytes);
  page.buffers[0].Reserve(FlatBytes(values.num_values, values.shape.bits_per_value));
  uint64_t first = 0;
  do {
    const uint64_t count = std::min(per_chunk, values.num_values - first);
    const size_t before = page.buffers[0].size();
    AppendFlatSlice(values, first, count, page.buffers[0]);
    EndChunk(static_cast<uint32_t>(count), {&before, 1}, page);
    first += count;
  } while (first < values.num_values);
  return page;
}

void SetFlat(uint64_t bits_per_value, CompressiveEncoding* encoding) {
  encoding->mutable_flat()->set_bits_per_value(bits_per_value);
}

}  // namespace eider::codec
