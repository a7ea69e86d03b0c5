#include "eider/codec/general.h"

#include <fmt/format.h>
#include <lz4.h>
#include <zstd.h>

namespace eider::codec {
namespace {

using ::lance::encodings21::COMPRESSION_ALGORITHM_LZ4;
using ::lance::encodings21::COMPRESSION_ALGORITHM_ZSTD;
using ::lance::encodings21::CompressionScheme;

// An LZ4 byte yields at most 255 raw ones.
constexpr uint64_t kLz4MaxRatio = 255;
constexpr uint64_t kZstdBlockMaxBytes = 128 << 10;

void CheckLimit(const char* scheme, uint64_t raw, uint64_t limit) {
  if (raw > limit) throw Corrupt("general: {} claims {} raw bytes, at most {} are possible", scheme, raw, limit);
}

void DecompressLz4(ByteSpan compressed, uint64_t limit, BufferBuilder& out) {
  const uint64_t raw = ReadLe<uint32_t>(compressed, 0, "general: lz4 size");
  const ByteSpan block = compressed.subspan(4);
  CheckLimit("lz4", raw, std::min(limit, block.size() * kLz4MaxRatio + 64));
  if (block.size() > LZ4_MAX_INPUT_SIZE || raw > LZ4_MAX_INPUT_SIZE) throw Corrupt("general: an lz4 block of {} bytes", block.size());
  uint8_t* to = out.Extend(raw);
  const int written = LZ4_decompress_safe(reinterpret_cast<const char*>(block.data()), reinterpret_cast<char*>(to),
                                          static_cast<int>(block.size()), static_cast<int>(raw));
  if (written < 0 || static_cast<uint64_t>(written) != raw) {
    throw Corrupt("general: lz4 block of {} bytes does not give the {} that it claims", block.size(), raw);
  }
}

// A decompression context costs more to make than a small chunk to decompress, so each thread keeps one.
ZSTD_DCtx* ThreadContext() {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  return context.get();
}

// The most that a zstd frame can give, from the sizes of its blocks alone: its header may claim anything.
uint64_t FrameBound(ByteSpan frame) {
  static constexpr uint8_t kDictionaryIdBytes[4] = {0, 1, 2, 4};
  const uint8_t descriptor = ReadLe<uint8_t>(frame, 4, "general: zstd frame");
  const bool single_segment = descriptor & 0x20;
  const uint32_t size_flag = descriptor >> 6;
  const uint64_t size_bytes = size_flag == 0 ? single_segment : uint64_t{1} << size_flag;
  uint64_t at = 5 + !single_segment + kDictionaryIdBytes[descriptor & 3] + size_bytes;
  uint64_t bound = 0;
  for (bool last = false; !last;) {
    const ByteSpan bytes = CheckedSubspan(frame, at, 3, "general: zstd block");
    const uint32_t header = bytes[0] | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16;
    const uint32_t type = header >> 1 & 3, size = header >> 3;
    last = header & 1;
    if (size > kZstdBlockMaxBytes) throw Corrupt("general: zstd block of {} bytes, at most {} are possible", size, kZstdBlockMaxBytes);
    at += 3 + (type == 1 ? 1 : size);                // type 1: one byte repeated
    bound += type == 2 ? kZstdBlockMaxBytes : size;  // type 2: compressed
  }
  return bound;
}

void DecompressZstd(ByteSpan compressed, uint64_t limit, BufferBuilder& out) {
  const bool bare = compressed.size() >= 4 && LoadLe<uint32_t>(compressed.data()) == ZSTD_MAGICNUMBER;
  const ByteSpan frame = compressed.subspan(bare ? 0 : std::min<size_t>(8, compressed.size()));
  if (frame.size() < 4 || LoadLe<uint32_t>(frame.data()) != ZSTD_MAGICNUMBER) {
    throw Corrupt("general: no zstd frame in {} bytes", compressed.size());
  }
  const uint64_t bound = FrameBound(frame);
  uint64_t raw = bare ? ZSTD_getFrameContentSize(frame.data(), frame.size()) : LoadLe<uint64_t>(compressed.data());
  if (bare && raw >= ZSTD_CONTENTSIZE_ERROR) raw = std::min(bound, limit);
  CheckLimit("zstd", raw, std::min(bound, limit));
  uint8_t* to = out.Extend(raw);
  const size_t written = ZSTD_decompressDCtx(ThreadContext(), to, raw, frame.data(), frame.size());
  if (ZSTD_isError(written)) throw Corrupt("general: zstd: {}", ZSTD_getErrorName(written));
  if (!bare && written != raw) throw Corrupt("general: zstd frame gives {} bytes, its header says {}", written, raw);
  out.Resize(out.size() - (raw - written));
}

class GeneralMiniBlock final : public MiniBlockDecompressor {
 public:
  GeneralMiniBlock(CompressionScheme scheme, std::unique_ptr<MiniBlockDecompressor> inner)
      : scheme_(scheme), inner_(std::move(inner)) {}
  uint32_t num_buffers() const override { return inner_->num_buffers(); }

  void AppendRange(std::span<const ByteSpan> buffers, uint64_t num_values, uint64_t first, uint64_t count,
                   DecodedValues& out) const override {
    BufferBuilder raw;
    ByteSpan inner[kMaxBuffers];
    inner_->AppendRange(Open(buffers, num_values, raw, inner), num_values, first, count, out);
  }
  void AppendAt(std::span<const ByteSpan> buffers, uint64_t num_values, std::span<const uint32_t> positions,
                DecodedValues& out) const override {
    if (positions.empty()) return;
    BufferBuilder raw;
    ByteSpan inner[kMaxBuffers];
    inner_->AppendAt(Open(buffers, num_values, raw, inner), num_values, positions, out);
  }
  static constexpr size_t kMaxBuffers = 8;

 private:
  std::span<const ByteSpan> Open(std::span<const ByteSpan> buffers, uint64_t num_values, BufferBuilder& raw,
                                 ByteSpan* inner) const {
    DecompressGeneral(scheme_, buffers[0], inner_->max_first_buffer_bytes(num_values), raw);
    inner[0] = raw.span();
    for (size_t i = 1; i < buffers.size(); ++i) inner[i] = buffers[i];
    return {inner, buffers.size()};
  }
  const CompressionScheme scheme_;
  const std::unique_ptr<MiniBlockDecompressor> inner_;
};

class GeneralPerValue final : public PerValueDecompressor {
 public:
  GeneralPerValue(CompressionScheme scheme, std::unique_ptr<PerValueDecompressor> inner)
      : scheme_(scheme), inner_(std::move(inner)) {}
  uint64_t stored_bytes() const override { return 0; }
  bool is_plain() const override { return false; }
  void AppendValue(ByteSpan stored, DecodedValues& out) const override {
    if (!inner_->is_plain()) {
      BufferBuilder raw;
      DecompressGeneral(scheme_, stored, ~uint64_t{0}, raw);
      return inner_->AppendValue(raw.span(), out);
    }
    // Plain inside: straight into place.
    DecompressGeneral(scheme_, stored, ~uint64_t{0}, out.data);
    out.CheckOffset(out.data.size());
    out.shape.offset_bytes == 4 ? out.offsets.AppendValue(static_cast<uint32_t>(out.data.size()))
                                : out.offsets.AppendValue(uint64_t{out.data.size()});
    ++out.num_values;
  }

 private:
  const CompressionScheme scheme_;
  const std::unique_ptr<PerValueDecompressor> inner_;
};

class GeneralBlock final : public BlockDecompressor {
 public:
  GeneralBlock(CompressionScheme scheme, std::unique_ptr<BlockDecompressor> inner) : scheme_(scheme), inner_(std::move(inner)) {}
  void AppendBlock(ByteSpan block, uint64_t num_values, DecodedValues& out) const override {
    BufferBuilder raw;
    DecompressGeneral(scheme_, block, inner_->max_bytes(num_values), raw);
    inner_->AppendBlock(raw.span(), num_values, out);
  }

 private:
  const CompressionScheme scheme_;
  const std::unique_ptr<BlockDecompressor> inner_;
};

class GeneralLevel final : public LevelDecompressor {
 public:
  GeneralLevel(CompressionScheme scheme, std::unique_ptr<LevelDecompressor> inner) : scheme_(scheme), inner_(std::move(inner)) {}
  void Decode(ByteSpan block, std::span<uint16_t> out) const override {
    BufferBuilder raw;
    Open(block, out.size(), raw);
    inner_->Decode(raw.span(), out);
  }
  uint16_t At(ByteSpan block, uint64_t num_levels, uint64_t i) const override {
    BufferBuilder raw;
    Open(block, num_levels, raw);
    return inner_->At(raw.span(), num_levels, i);
  }
  bool has_random_access() const override { return false; }
  void MaskEqual(ByteSpan block, uint64_t num_levels, uint16_t value, uint64_t* mask) const override {
    BufferBuilder raw;
    Open(block, num_levels, raw);
    inner_->MaskEqual(raw.span(), num_levels, value, mask);
  }
  void MaskAtMost(ByteSpan block, uint64_t num_levels, uint16_t value, uint64_t* mask) const override {
    BufferBuilder raw;
    Open(block, num_levels, raw);
    inner_->MaskAtMost(raw.span(), num_levels, value, mask);
  }
  void Extract(ByteSpan block, uint64_t num_levels, uint64_t first, std::span<uint16_t> out) const override {
    BufferBuilder raw;
    Open(block, num_levels, raw);
    inner_->Extract(raw.span(), num_levels, first, out);
  }

 private:
  // No form of levels takes more than a header, 3 bytes a level and the padding of one block.
  void Open(ByteSpan block, uint64_t num_levels, BufferBuilder& raw) const {
    DecompressGeneral(scheme_, block, 3 * num_levels + 4096, raw);
  }
  const CompressionScheme scheme_;
  const std::unique_ptr<LevelDecompressor> inner_;
};

CompressionScheme SchemeOf(const CompressiveEncoding& encoding) {
  const CompressionScheme scheme = encoding.general().compression().scheme();
  if (scheme != COMPRESSION_ALGORITHM_LZ4 && scheme != COMPRESSION_ALGORITHM_ZSTD) {
    throw Unsupported("general: compression scheme {}", static_cast<int>(scheme));
  }
  // Each layer multiplies what few bytes may claim; nobody writes two.
  if (encoding.general().values().has_general()) throw Corrupt("general: directly within general");
  return scheme;
}

}  // namespace

void DecompressGeneral(CompressionScheme scheme, ByteSpan compressed, uint64_t limit, BufferBuilder& out) {
  scheme == COMPRESSION_ALGORITHM_LZ4 ? DecompressLz4(compressed, limit, out) : DecompressZstd(compressed, limit, out);
}

namespace {

ZSTD_CCtx* ThreadCompressor() {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  return context.get();
}

}  // namespace

void CompressGeneral(CompressionScheme scheme, std::optional<int> level, ByteSpan raw, BufferBuilder& out) {
  const size_t begin = out.size();
  if (scheme == COMPRESSION_ALGORITHM_LZ4) {
    if (raw.size() > LZ4_MAX_INPUT_SIZE) throw Invalid("lz4: {} bytes in one block, at most {}", raw.size(), LZ4_MAX_INPUT_SIZE);
    out.AppendValue(static_cast<uint32_t>(raw.size()));
    const int bound = LZ4_compressBound(static_cast<int>(raw.size()));
    uint8_t* to = out.Extend(bound);
    const int written = LZ4_compress_default(reinterpret_cast<const char*>(raw.data()), reinterpret_cast<char*>(to),
                                             static_cast<int>(raw.size()), bound);
    EIDER_ASSERT(written > 0);
    return out.Resize(begin + 4 + written);
  }
  out.AppendValue(uint64_t{raw.size()});
  const size_t bound = ZSTD_compressBound(raw.size());
  uint8_t* to = out.Extend(bound);
  const size_t written = ZSTD_compressCCtx(ThreadCompressor(), to, bound, raw.data(), raw.size(), level.value_or(ZSTD_CLEVEL_DEFAULT));
  if (ZSTD_isError(written)) throw Invalid("zstd: {}", ZSTD_getErrorName(written));
  out.Resize(begin + 8 + written);
}

void SetGeneral(CompressionScheme scheme, std::optional<int> level, CompressiveEncoding inner, CompressiveEncoding* encoding) {
  encoding->Clear();
  auto* general = encoding->mutable_general();
  general->mutable_compression()->set_scheme(scheme);
  if (level) general->mutable_compression()->set_level(*level);
  *general->mutable_values() = std::move(inner);
}

bool WrapGeneral(CompressionScheme scheme, std::optional<int> level, MiniBlockPage& page, CompressiveEncoding* encoding) {
  BufferBuilder compressed;
  std::vector<uint32_t> sizes;
  uint64_t at = 0;
  for (const auto& chunk : page.chunks) {
    const size_t before = compressed.size();
    CompressGeneral(scheme, level, page.buffers[0].span().subspan(at, chunk.buffer_sizes[0]), compressed);
    sizes.push_back(static_cast<uint32_t>(compressed.size() - before));
    at += chunk.buffer_sizes[0];
  }
  if (compressed.size() >= page.buffers[0].size()) return false;
  for (size_t i = 0; i < sizes.size(); ++i) page.chunks[i].buffer_sizes[0] = sizes[i];
  page.buffers[0] = std::move(compressed);
  SetGeneral(scheme, level, CompressiveEncoding(*encoding), encoding);
  return true;
}

std::unique_ptr<MiniBlockDecompressor> MakeGeneralMiniBlock(const CompressiveEncoding& encoding, const ValueShape& shape,
                                                            int depth) {
  auto inner = MakeMiniBlock(encoding.general().values(), shape, depth + 1);
  if (inner->num_buffers() > GeneralMiniBlock::kMaxBuffers) throw Corrupt("general: around {} buffers", inner->num_buffers());
  return std::make_unique<GeneralMiniBlock>(SchemeOf(encoding), std::move(inner));
}
std::unique_ptr<PerValueDecompressor> MakeGeneralPerValue(const CompressiveEncoding& encoding, const ValueShape& shape, int depth) {
  CheckVariable("general", shape);
  return std::make_unique<GeneralPerValue>(SchemeOf(encoding), MakePerValue(encoding.general().values(), shape, depth + 1));
}
std::unique_ptr<BlockDecompressor> MakeGeneralBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int depth) {
  return std::make_unique<GeneralBlock>(SchemeOf(encoding), MakeBlock(encoding.general().values(), shape, depth + 1));
}
std::unique_ptr<LevelDecompressor> MakeGeneralLevel(const CompressiveEncoding& encoding, int depth) {
  return std::make_unique<GeneralLevel>(SchemeOf(encoding), MakeLevel(encoding.general().values(), depth + 1));
}
std::string DescribeGeneral(const CompressiveEncoding& encoding, int depth) {
  const auto scheme = encoding.general().compression().scheme();
  return fmt::format("({}, {})", scheme == COMPRESSION_ALGORITHM_LZ4 ? "lz4" : scheme == COMPRESSION_ALGORITHM_ZSTD ? "zstd" : "?",
                     Describe(encoding.general().values(), depth + 1));
}

}  // namespace eider::codec
