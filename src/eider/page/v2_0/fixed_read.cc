#include "eider/page/v2_0/fixed_read.h"

#include <algorithm>
#include <optional>

#include "eider/base/memory.h"
#include "eider/codec/general.h"
#include "eider/kernel/bitpack.h"
#include "eider/page/plain_read.h"

namespace eider::page::v2_0 {
namespace {

namespace proto = ::lance::encodings;
using ::lance::encodings21::CompressionScheme;

std::optional<CompressionScheme> SchemeOf(const proto::Flat& flat) {
  const std::string& scheme = flat.compression().scheme();
  if (!flat.has_compression() || scheme == "none" || scheme.empty()) return std::nullopt;
  if (scheme == "zstd") return ::lance::encodings21::COMPRESSION_ALGORITHM_ZSTD;
  if (scheme == "lz4") return ::lance::encodings21::COMPRESSION_ALGORITHM_LZ4;
  throw Unsupported("flat: compression '{}'", scheme);
}

void RequireWidth(const char* what, uint64_t bits, const DataType& type) {
  // Types of no fixed width have 0 bits, too: their values are not laid out so.
  const bool is_fixed = type.id != TypeId::kDictionary && (FixedBitWidth(type) != 0 || type.id == TypeId::kFixedSizeBinary);
  if (!is_fixed || bits != FixedBitWidth(type)) throw Corrupt("{}: {} bits per value of {}", what, bits, TypeToString(type));
}

/// The whole buffer is one compressed frame.
class CompressedRead final : public ArrayRead {
 public:
  CompressedRead(CompressionScheme scheme, ByteRange buffer, uint64_t bits, TypePtr type, RowRanges ranges)
      : scheme_(scheme), buffer_(buffer), bits_(bits), type_(std::move(type)), ranges_(std::move(ranges)) {}
  void Want(std::vector<ByteRange>& wants) override {
    if (!wanted_ && !ranges_.empty()) wants.push_back(buffer_);
    wanted_ = true;
  }
  void Feed(std::span<const ByteSpan> bytes) override { compressed_ = bytes[0]; }
  ArrayPtr Finish() override {
    BufferBuilder raw;
    if (!ranges_.empty()) codec::DecompressGeneral(scheme_, compressed_, UINT64_MAX, raw);
    PlainRead plain({0, raw.size()}, bits_, ranges_, {});
    std::vector<ByteRange> wants;
    plain.Want(wants);
    std::vector<ByteSpan> spans;
    for (const ByteRange& want : wants) spans.push_back(raw.span().subspan(want.offset, want.length));
    plain.Feed(spans);
    return MakeFixedArray(type_, plain.num_values(), plain.Finish(0));
  }

 private:
  const CompressionScheme scheme_;
  const ByteRange buffer_;
  const uint64_t bits_;
  const TypePtr type_;
  const RowRanges ranges_;
  bool wanted_ = false;
  ByteSpan compressed_;
};

// `width` (1 to 64) bits from bit `at`; the bytes hold them.
uint64_t LoadBits(ByteSpan bytes, uint64_t at, uint64_t width) {
  uint64_t value = 0;
  for (uint64_t done = 0; done < width;) {
    const uint64_t bit = at + done, take = std::min(8 - bit % 8, width - done);
    const uint64_t part = (uint64_t{bytes[bit / 8]} >> (bit % 8)) & ((uint64_t{1} << take) - 1);
    value |= part << done;
    done += take;
  }
  return value;
}

class BitpackedRead final : public ArrayRead {
 public:
  BitpackedRead(ByteRange buffer, uint64_t width, bool is_signed, TypePtr type, RowRanges ranges)
      : buffer_(buffer), width_(width), signed_(is_signed), type_(std::move(type)), ranges_(std::move(ranges)) {}
  void Want(std::vector<ByteRange>& wants) override {
    if (wanted_) return;
    wanted_ = true;
    for (const RowRange& range : ranges_) {
      const uint64_t end = CheckedMul(range.end(), width_, "bitpacked");
      wants.push_back(BitsIn(buffer_, range.first * width_, end, "bitpacked"));
    }
  }
  void Feed(std::span<const ByteSpan> bytes) override { bytes_.assign(bytes.begin(), bytes.end()); }
  ArrayPtr Finish() override {
    const uint64_t bytes = FixedBitWidth(*type_) / 8, rows = CountRows(ranges_);
    BufferBuilder data(rows * bytes);
    for (size_t r = 0; r < ranges_.size(); ++r) {
      uint64_t at = ranges_[r].first * width_ % 8;
      for (uint64_t i = 0; i < ranges_[r].count; ++i, at += width_) {
        uint64_t value = LoadBits(bytes_[r], at, width_);
        if (signed_ && width_ < 64 && (value >> (width_ - 1)) != 0) value |= ~uint64_t{0} << width_;
        data.Append(&value, bytes);
      }
    }
    return MakeFixedArray(type_, rows, data.Finish());
  }

 private:
  const ByteRange buffer_;
  const uint64_t width_;
  const bool signed_;
  const TypePtr type_;
  const RowRanges ranges_;
  bool wanted_ = false;
  std::vector<ByteSpan> bytes_;
};

class BlockPackedRead final : public ArrayRead {
 public:
  BlockPackedRead(ByteRange buffer, uint32_t width, TypePtr type, RowRanges ranges)
      : buffer_(buffer), width_(width), type_(std::move(type)), ranges_(std::move(ranges)) {}
  void Want(std::vector<ByteRange>& wants) override {
    if (wanted_) return;
    wanted_ = true;
    const uint64_t block_bits = 8 * kernel::PackedBlockBytes(width_);
    for (const RowRange& range : ranges_) {
      const uint64_t first = range.first / kernel::kPackedBlockValues;
      const uint64_t end = CeilDiv(range.end(), kernel::kPackedBlockValues);
      const uint64_t end_bit = CheckedMul(end, block_bits, "bitpacked blocks");
      wants.push_back(BitsIn(buffer_, first * block_bits, end_bit, "bitpacked blocks"));
    }
  }
  void Feed(std::span<const ByteSpan> bytes) override { bytes_.assign(bytes.begin(), bytes.end()); }
  ArrayPtr Finish() override {
    switch (FixedBitWidth(*type_)) {
      case 8: return Unpack<uint8_t>();
      case 16: return Unpack<uint16_t>();
      case 32: return Unpack<uint32_t>();
      default: return Unpack<uint64_t>();
    }
  }

 private:
  template <typename T>
  ArrayPtr Unpack() {
    const uint64_t rows = CountRows(ranges_);
    BufferBuilder data(rows * sizeof(T));
    T block[kernel::kPackedBlockValues];
    for (size_t r = 0; r < ranges_.size(); ++r) {
      const uint8_t* packed = bytes_[r].data();
      uint64_t in_block = ranges_[r].first % kernel::kPackedBlockValues;
      for (uint64_t left = ranges_[r].count; left > 0; in_block = 0, packed += kernel::PackedBlockBytes(width_)) {
        kernel::UnpackBlock<T>(packed, width_, block);
        const uint64_t count = std::min<uint64_t>(left, kernel::kPackedBlockValues - in_block);
        data.Append(block + in_block, count * sizeof(T));
        left -= count;
      }
    }
    return MakeFixedArray(type_, rows, data.Finish());
  }

  const ByteRange buffer_;
  const uint32_t width_;
  const TypePtr type_;
  const RowRanges ranges_;
  bool wanted_ = false;
  std::vector<ByteSpan> bytes_;
};

void CheckPacking(const char* what, uint64_t packed, uint64_t unpacked, const DataType& type) {
  RequireWidth(what, unpacked, type);
  const bool integers = unpacked == 8 || unpacked == 16 || unpacked == 32 || unpacked == 64;
  if (!integers || packed == 0 || packed > unpacked) throw Corrupt("{}: {} bits for values of {}", what, packed, unpacked);
}

}  // namespace

ByteRange FindBuffer(const proto::Buffer& reference, const PageBuffers& buffers) {
  const auto find = [&](std::span<const ByteRange> among, const char* of) {
    if (reference.buffer_index() < among.size()) return among[reference.buffer_index()];
    throw Corrupt("buffer {} of the {} buffers of the {}", reference.buffer_index(), among.size(), of);
  };
  switch (reference.buffer_type()) {
    case proto::Buffer::page: return find(buffers.page, "page");
    case proto::Buffer::column: return find(buffers.column, "column");
    case proto::Buffer::file: return find(buffers.file, "file");
    default: throw Corrupt("a buffer of kind {}", static_cast<int>(reference.buffer_type()));
  }
}

ArrayReadPtr MakeFlatRead(const proto::Flat& flat, const PageBuffers& buffers, TypePtr type, RowRanges ranges) {
  RequireWidth("flat", flat.bits_per_value(), *type);
  const ByteRange buffer = FindBuffer(flat.buffer(), buffers);
  if (const std::optional<CompressionScheme> scheme = SchemeOf(flat)) {
    return std::make_unique<CompressedRead>(*scheme, buffer, flat.bits_per_value(), std::move(type), std::move(ranges));
  }
  return MakePlainRead(buffer, std::move(type), std::move(ranges), buffers.mapping);
}

ArrayReadPtr MakeBitpackedRead(const proto::Bitpacked& packed, const PageBuffers& buffers, TypePtr type, RowRanges ranges) {
  CheckPacking("bitpacked", packed.compressed_bits_per_value(), packed.uncompressed_bits_per_value(), *type);
  return std::make_unique<BitpackedRead>(FindBuffer(packed.buffer(), buffers), packed.compressed_bits_per_value(), packed.signed_(),
                                         std::move(type), std::move(ranges));
}

ArrayReadPtr MakeBlockPackedRead(const proto::BitpackedForNonNeg& packed, const PageBuffers& buffers, TypePtr type, RowRanges ranges) {
  CheckPacking("bitpacked blocks", packed.compressed_bits_per_value(), packed.uncompressed_bits_per_value(), *type);
  return std::make_unique<BlockPackedRead>(FindBuffer(packed.buffer(), buffers), uint32_t(packed.compressed_bits_per_value()),
                                           std::move(type), std::move(ranges));
}

}  // namespace eider::page::v2_0
