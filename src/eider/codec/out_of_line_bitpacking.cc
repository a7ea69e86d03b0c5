#include "eider/codec/out_of_line_bitpacking.h"

#include <fmt/format.h>

#include "eider/kernel/bitpack.h"
#include "eider/kernel/levels.h"
#include "eider/kernel/packed_address.h"

namespace eider::codec {
namespace {

using kernel::kPackedBlockValues;
using kernel::PackedBlockBytes;

// A buffer whose length has been held against its count.
template <typename T>
class Packed {
 public:
  Packed(ByteSpan bytes, uint64_t num_values, uint32_t width)
      : bytes_(bytes.data()), width_(width), num_full_(num_values / kPackedBlockValues) {
    const uint64_t tail = num_values % kPackedBlockValues;
    const uint64_t full_bytes = CheckedMul(num_full_, PackedBlockBytes(width), "out_of_line_bitpacking: blocks");
    raw_tail_ = bytes.size() == full_bytes + tail * sizeof(T);
    if (!raw_tail_ && bytes.size() != full_bytes + PackedBlockBytes(width)) {
      throw Corrupt("out_of_line_bitpacking: {} bytes for {} values of width {}", bytes.size(), num_values, width);
    }
  }
  bool IsRaw(uint64_t block) const { return raw_tail_ && block == num_full_; }
  const uint8_t* BlockAt(uint64_t block) const { return bytes_ + block * PackedBlockBytes(width_); }
  uint32_t width() const { return width_; }

  T At(uint64_t i) const {
    const uint64_t block = i / kPackedBlockValues;
    const uint32_t in_block = static_cast<uint32_t>(i % kPackedBlockValues);
    if (IsRaw(block)) return LoadLe<T>(BlockAt(block) + sizeof(T) * in_block);
    return kernel::ExtractPacked<T>(BlockAt(block), width_, in_block);
  }

  /// Writes values [first, first + count) to `out`.
  void Unpack(uint64_t first, uint64_t count, uint8_t* out) const {
    T scratch[kPackedBlockValues];
    for (uint64_t at = first; at < first + count;) {
      const uint64_t block = at / kPackedBlockValues, in_block = at % kPackedBlockValues;
      const uint64_t n = std::min(first + count - at, kPackedBlockValues - in_block);
      const uint8_t* from = BlockAt(block);
      if (IsRaw(block)) {
        from += sizeof(T) * in_block;
      } else {
        kernel::UnpackBlock<T>(from, width_, scratch);
        from = reinterpret_cast<const uint8_t*>(scratch + in_block);
      }
      std::memcpy(out + (at - first) * sizeof(T), from, n * sizeof(T));
      at += n;
    }
  }

 private:
  const uint8_t* bytes_;
  const uint32_t width_;
  const uint64_t num_full_;
  bool raw_tail_;
};

template <typename T>
class OutOfLineMiniBlock final : public MiniBlockDecompressor {
 public:
  explicit OutOfLineMiniBlock(uint32_t width) : width_(width) {}
  uint32_t num_buffers() const override { return 1; }
  uint64_t max_first_buffer_bytes(uint64_t num_values) const override {
    return CheckedMul(CeilDiv(num_values, kPackedBlockValues), kPackedBlockValues * sizeof(T), "out_of_line_bitpacking");
  }
  void AppendRange(std::span<const ByteSpan> buffers, uint64_t num_values, uint64_t first, uint64_t count,
                   DecodedValues& out) const override {
    const Packed<T> packed(buffers[0], num_values, width_);
    if (count != 0) packed.Unpack(first, count, out.ExtendFixed(count));
  }
  void AppendAt(std::span<const ByteSpan> buffers, uint64_t num_values, std::span<const uint32_t> positions,
                DecodedValues& out) const override {
    const Packed<T> packed(buffers[0], num_values, width_);
    if (positions.empty()) return;
    uint8_t* to = out.ExtendFixed(positions.size());
    for (const uint32_t position : positions) {
      StoreLe<T>(to, packed.At(position));
      to += sizeof(T);
    }
  }
  void PrefetchAt(std::span<const ByteSpan> buffers, uint64_t, uint32_t position, int step) const override {
    const uint64_t block = position / kPackedBlockValues * PackedBlockBytes(width_);
    if (step != 0 || block >= buffers[0].size()) return;
    const uint8_t* word = kernel::PackedAddress<T>(buffers[0].data() + block, width_, position % kPackedBlockValues);
    Prefetch(word);
    Prefetch(word + PackedBlockBytes(1));
  }

 private:
  const uint32_t width_;
};

class OutOfLineLevel final : public LevelDecompressor {
 public:
  explicit OutOfLineLevel(uint32_t width) : width_(width) {}
  void Decode(ByteSpan block, std::span<uint16_t> out) const override {
    Packed<uint16_t>(block, out.size(), width_).Unpack(0, out.size(), reinterpret_cast<uint8_t*>(out.data()));
  }
  uint16_t At(ByteSpan block, uint64_t num_levels, uint64_t i) const override {
    return Packed<uint16_t>(block, num_levels, width_).At(i);
  }
  void MaskEqual(ByteSpan bytes, uint64_t num_levels, uint16_t value, uint64_t* mask) const override {
    const Packed<uint16_t> packed(bytes, num_levels, width_);
    constexpr uint64_t kWords = kPackedBlockValues / 64;
    for (uint64_t block = 0; block * kPackedBlockValues < num_levels; ++block, mask += kWords) {
      const uint64_t levels = std::min<uint64_t>(kPackedBlockValues, num_levels - block * kPackedBlockValues);
      if (levels == kPackedBlockValues && !packed.IsRaw(block)) {
        kernel::PackedLevelsEqual(packed.BlockAt(block), width_, value, mask);
        continue;
      }
      uint64_t words[kWords];
      if (packed.IsRaw(block)) {
        uint16_t raw[kPackedBlockValues];
        std::memcpy(raw, packed.BlockAt(block), 2 * levels);
        kernel::LevelsEqual({raw, levels}, value, words);
      } else {
        kernel::PackedLevelsEqual(packed.BlockAt(block), width_, value, words);
        if (levels % 64 != 0) words[levels / 64] &= ~uint64_t{0} >> (64 - levels % 64);
      }
      std::memcpy(mask, words, 8 * kernel::MaskWords(levels));
    }
  }
  void MaskAtMost(ByteSpan bytes, uint64_t num_levels, uint16_t value, uint64_t* mask) const override {
    MaskAtMostOfPacked(*this, bytes, num_levels, value, mask);
  }
  void Extract(ByteSpan bytes, uint64_t num_levels, uint64_t first, std::span<uint16_t> out) const override {
    const Packed<uint16_t> packed(bytes, num_levels, width_);
    for (uint64_t done = 0; done < out.size();) {
      const uint64_t block = (first + done) / kPackedBlockValues, in_block = (first + done) % kPackedBlockValues;
      const uint64_t n = std::min<uint64_t>(out.size() - done, kPackedBlockValues - in_block);
      if (packed.IsRaw(block)) {
        std::memcpy(out.data() + done, packed.BlockAt(block) + 2 * in_block, 2 * n);
      } else {
        kernel::ExtractPackedLevels(packed.BlockAt(block), width_, static_cast<uint32_t>(in_block), out.subspan(done, n));
      }
      done += n;
    }
  }

 private:
  const uint32_t width_;
};

uint32_t PackedWidth(const CompressiveEncoding& encoding) {
  const auto& message = encoding.out_of_line_bitpacking();
  const uint64_t width = FlatBits(message.values(), "out_of_line_bitpacking");
  if (width > message.uncompressed_bits_per_value() || width > 64) {
    throw Corrupt("out_of_line_bitpacking: width {} of {}-bit values", width, message.uncompressed_bits_per_value());
  }
  return static_cast<uint32_t>(width);
}

}  // namespace

namespace {

bool PacksTail(uint64_t tail, uint64_t bits, uint32_t width) { return PackedBlockBytes(width) < tail * (bits / 8); }

template <typename T>
void AppendPacked(const uint8_t* values, uint64_t n, uint32_t width, BufferBuilder& out) {
  for (uint64_t first = 0; first < n; first += kPackedBlockValues) {
    const uint64_t count = std::min<uint64_t>(kPackedBlockValues, n - first);
    const uint8_t* from = values + first * sizeof(T);
    if (count < kPackedBlockValues && !PacksTail(count, 8 * sizeof(T), width)) return out.Append(from, count * sizeof(T));
    T block[kPackedBlockValues] = {};
    std::memcpy(block, from, count * sizeof(T));
    kernel::PackBlock<T>(block, width, out.Extend(PackedBlockBytes(width)));
  }
}

}  // namespace

uint64_t OutOfLineBytes(uint64_t n, uint64_t bits, uint32_t width) {
  const uint64_t tail = n % kPackedBlockValues;
  return n / kPackedBlockValues * PackedBlockBytes(width) + std::min<uint64_t>(PackedBlockBytes(width), tail * (bits / 8));
}

void CompressOutOfLine(const uint8_t* values, uint64_t n, uint64_t bits, uint32_t width, BufferBuilder& out) {
  WithElement(bits, [&](auto zero) { AppendPacked<decltype(zero)>(values, n, width, out); });
}

void SetOutOfLine(uint64_t bits, uint32_t width, CompressiveEncoding* encoding) {
  auto* message = encoding->mutable_out_of_line_bitpacking();
  message->set_uncompressed_bits_per_value(bits);
  message->mutable_values()->mutable_flat()->set_bits_per_value(width);
}

std::unique_ptr<MiniBlockDecompressor> MakeOutOfLineMiniBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int) {
  const uint64_t bits = encoding.out_of_line_bitpacking().uncompressed_bits_per_value();
  CheckFixed("out_of_line_bitpacking", shape, bits);
  const uint32_t width = PackedWidth(encoding);
  // Width 0 would let no bytes at all claim any number of values.
  if (width == 0) throw Corrupt("out_of_line_bitpacking: values of width 0");
  switch (bits) {
    case 8: return std::make_unique<OutOfLineMiniBlock<uint8_t>>(width);
    case 16: return std::make_unique<OutOfLineMiniBlock<uint16_t>>(width);
    case 32: return std::make_unique<OutOfLineMiniBlock<uint32_t>>(width);
    case 64: return std::make_unique<OutOfLineMiniBlock<uint64_t>>(width);
    default: throw Corrupt("out_of_line_bitpacking: {}-bit values", bits);
  }
}
std::unique_ptr<BlockDecompressor> MakeOutOfLineBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int depth) {
  return BlockOf(MakeOutOfLineMiniBlock(encoding, shape, depth));
}
std::unique_ptr<LevelDecompressor> MakeOutOfLineLevel(const CompressiveEncoding& encoding, int) {
  const uint64_t bits = encoding.out_of_line_bitpacking().uncompressed_bits_per_value();
  if (bits != 16) throw Corrupt("out_of_line_bitpacking: levels of {} bits, they have 16", bits);
  return std::make_unique<OutOfLineLevel>(PackedWidth(encoding));
}
std::string DescribeOutOfLine(const CompressiveEncoding& encoding, int) {
  const auto& message = encoding.out_of_line_bitpacking();
  return fmt::format("<{}, {}>", message.uncompressed_bits_per_value(), message.values().flat().bits_per_value());
}

}  // namespace eider::codec
