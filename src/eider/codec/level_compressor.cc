#include "eider/codec/codec.h"
#include "eider/codec/compressor.h"
#include "eider/codec/flat.h"
#include "eider/codec/general.h"
#include "eider/codec/out_of_line_bitpacking.h"
#include "eider/codec/rle.h"
#include "eider/kernel/scan.h"

namespace eider::codec {
namespace {

using ::lance::encodings21::COMPRESSION_ALGORITHM_LZ4;
using ::lance::encodings21::COMPRESSION_ALGORITHM_ZSTD;
using ::lance::encodings21::CompressionScheme;

class OutOfLineLevels final : public LevelCompressor {
 public:
  explicit OutOfLineLevels(uint32_t width) : width_(width) {}
  void Compress(std::span<const uint16_t> levels, BufferBuilder& out) const override {
    CompressOutOfLine(reinterpret_cast<const uint8_t*>(levels.data()), levels.size(), 16, width_, out);
  }

 private:
  const uint32_t width_;
};

class RunLengthLevels final : public LevelCompressor {
 public:
  void Compress(std::span<const uint16_t> levels, BufferBuilder& out) const override { CompressRleLevels(levels, out); }
};

class FlatLevels final : public LevelCompressor {
 public:
  void Compress(std::span<const uint16_t> levels, BufferBuilder& out) const override { out.Append(levels.data(), levels.size_bytes()); }
};

/// Around the other forms.
class GeneralLevels final : public LevelCompressor {
 public:
  GeneralLevels(CompressionScheme scheme, std::unique_ptr<LevelCompressor> inner) : scheme_(scheme), inner_(std::move(inner)) {}
  void Compress(std::span<const uint16_t> levels, BufferBuilder& out) const override {
    BufferBuilder raw;
    inner_->Compress(levels, raw);
    CompressGeneral(scheme_, {}, raw.span(), out);
  }

 private:
  const CompressionScheme scheme_;
  const std::unique_ptr<LevelCompressor> inner_;
};

// Runs cannot be addressed, so they must save a lot, and a compressor around them more.
constexpr uint64_t kRunLengthGain = 8;
constexpr uint64_t kSparseGain = 3;
// Fewer levels are not worth a compressor.
constexpr uint64_t kMinSparseLevels = 32768;
constexpr uint64_t kLevelSamples = 16;

/// Bytes of some chunks of `all`.
uint64_t SampleBytes(const LevelCompressor& compressor, std::span<const uint16_t> all) {
  BufferBuilder bytes;
  const uint64_t step = std::max<uint64_t>(kMaxChunkValues, all.size() / kLevelSamples);
  for (uint64_t i = 0; i < all.size(); i += step) {
    compressor.Compress(all.subspan(i, std::min<uint64_t>(kMaxChunkValues, all.size() - i)), bytes);
  }
  return bytes.size();
}

struct LevelForm {
  std::unique_ptr<LevelCompressor> compressor;
  CompressiveEncoding encoding;
};

LevelForm Compressed(CompressionScheme scheme, LevelForm inner) {
  LevelForm form{std::make_unique<GeneralLevels>(scheme, std::move(inner.compressor)), {}};
  SetGeneral(scheme, {}, std::move(inner.encoding), &form.encoding);
  return form;
}

LevelForm BitPacked(uint32_t width) {
  LevelForm form{std::make_unique<OutOfLineLevels>(width), {}};
  SetOutOfLine(16, width, &form.encoding);
  return form;
}
LevelForm RunLengths() {
  LevelForm form{std::make_unique<RunLengthLevels>(), {}};
  SetRle(16, &form.encoding);
  return form;
}
LevelForm Flat() {
  LevelForm form{std::make_unique<FlatLevels>(), {}};
  SetFlat(16, &form.encoding);
  return form;
}

std::unique_ptr<LevelCompressor> Take(LevelForm form, CompressiveEncoding* encoding) {
  *encoding = std::move(form.encoding);
  return std::move(form.compressor);
}

LevelForm SmallestLevels(std::span<const uint16_t> all, uint32_t width) {
  LevelForm best = BitPacked(width);
  uint64_t best_bytes = SampleBytes(*best.compressor, all);
  LevelForm others[] = {RunLengths(), Compressed(COMPRESSION_ALGORITHM_ZSTD, Flat()), Compressed(COMPRESSION_ALGORITHM_ZSTD, RunLengths())};
  for (LevelForm& form : others) {
    const uint64_t bytes = SampleBytes(*form.compressor, all);
    if (bytes < best_bytes) best = std::move(form), best_bytes = bytes;
  }
  return best;
}

}  // namespace

std::unique_ptr<LevelCompressor> MakeLevelCompressor(std::span<const uint16_t> all, uint16_t version_minor, bool compact,
                                                     CompressiveEncoding* encoding) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(all.data());
  const uint32_t width = std::max(1u, kernel::MaxBitWidth<uint16_t>(bytes, all.size()));
  if (version_minor >= 2 && compact) return Take(SmallestLevels(all, width), encoding);
  if (version_minor >= 2) {
    LeafValues levels;
    levels.shape.bits_per_value = 16;
    levels.num_values = all.size();
    levels.data = {bytes, 2 * all.size()};
    const uint64_t packed_bytes = OutOfLineBytes(all.size(), 16, width);
    const uint64_t run_bytes = 8 + 3 * (CountRuns(levels) + all.size() / kMaxRun);
    LevelForm runs = RunLengths();
    if (run_bytes * kRunLengthGain < packed_bytes) return Take(std::move(runs), encoding);
    if (all.size() >= kMinSparseLevels && run_bytes < packed_bytes) {
      LevelForm sparse = Compressed(COMPRESSION_ALGORITHM_LZ4, std::move(runs));
      LevelForm packed = BitPacked(width);
      if (SampleBytes(*sparse.compressor, all) * kSparseGain < SampleBytes(*packed.compressor, all)) return Take(std::move(sparse), encoding);
    }
  }
  return Take(BitPacked(width), encoding);
}

}  // namespace eider::codec
