#include "eider/codec/codec.h"
#include "eider/codec/compressor.h"
#include "eider/codec/flat.h"
#include "eider/codec/general.h"
#include "eider/codec/out_of_line_bitpacking.h"
#include "eider/codec/rle.h"
#include "eider/kernel/bitpack.h"
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
// Of chunks of one block of levels or less, a run is found as fast as a packed level.
constexpr double kShortChunkGain = 1.25;
// Fewer levels are not worth a compressor.
constexpr uint64_t kMinSparseLevels = 32768;
constexpr uint64_t kLevelSamples = 16;

/// Levels that are sampled a chunk at a time.
struct LevelSample {
  std::span<const uint16_t> all;
  uint64_t chunk_levels;

  uint64_t Bytes(const LevelCompressor& compressor) const {
    BufferBuilder bytes;
    const uint64_t step = std::max(chunk_levels, all.size() / kLevelSamples);
    for (uint64_t i = 0; i < all.size(); i += step) {
      compressor.Compress(all.subspan(i, std::min<uint64_t>(chunk_levels, all.size() - i)), bytes);
    }
    return bytes.size();
  }
};

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

LevelForm SmallestLevels(const LevelSample& sample, uint32_t width) {
  LevelForm best = BitPacked(width);
  uint64_t best_bytes = sample.Bytes(*best.compressor);
  LevelForm others[] = {RunLengths(), Compressed(COMPRESSION_ALGORITHM_ZSTD, Flat()), Compressed(COMPRESSION_ALGORITHM_ZSTD, RunLengths())};
  for (LevelForm& form : others) {
    const uint64_t bytes = sample.Bytes(*form.compressor);
    if (bytes < best_bytes) best = std::move(form), best_bytes = bytes;
  }
  return best;
}

/// Levels of short chunks, where blocks of packed ones may be mostly padding.
LevelForm LevelsOfShortChunks(const LevelSample& sample, uint32_t width) {
  LevelForm packed = BitPacked(width), runs = RunLengths(), compressed = Compressed(COMPRESSION_ALGORITHM_LZ4, RunLengths());
  const auto bytes = [&](const LevelForm& form) { return static_cast<double>(sample.Bytes(*form.compressor)); };
  const double run_bytes = bytes(runs), packed_bytes = bytes(packed);
  if (bytes(compressed) * kShortChunkGain < std::min(run_bytes, packed_bytes)) return compressed;
  return run_bytes * kShortChunkGain < packed_bytes ? std::move(runs) : std::move(packed);
}

LevelForm FastLevels(const LevelSample& sample, uint32_t width) {
  const std::span<const uint16_t> all = sample.all;
  LeafValues levels;
  levels.shape.bits_per_value = 16;
  levels.num_values = all.size();
  levels.data = {reinterpret_cast<const uint8_t*>(all.data()), all.size_bytes()};
  const uint64_t packed_bytes = OutOfLineBytes(all.size(), 16, width);
  const uint64_t run_bytes = 8 + 3 * (CountRuns(levels) + all.size() / kMaxRun);
  if (run_bytes * kRunLengthGain < packed_bytes) return RunLengths();
  if (all.size() < kMinSparseLevels) return BitPacked(width);
  if (sample.chunk_levels < 2 * kernel::kPackedBlockValues) return LevelsOfShortChunks(sample, width);
  if (run_bytes < packed_bytes) {
    LevelForm sparse = Compressed(COMPRESSION_ALGORITHM_LZ4, RunLengths());
    if (sample.Bytes(*sparse.compressor) * kSparseGain < sample.Bytes(*BitPacked(width).compressor)) return sparse;
  }
  return BitPacked(width);
}

}  // namespace

std::unique_ptr<LevelCompressor> MakeLevelCompressor(std::span<const uint16_t> all, uint64_t chunk_levels, uint16_t version_minor,
                                                     bool compact, CompressiveEncoding* encoding) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(all.data());
  const uint32_t width = std::max(1u, kernel::MaxBitWidth<uint16_t>(bytes, all.size()));
  const LevelSample sample{all, std::max<uint64_t>(1, chunk_levels)};
  LevelForm form = version_minor < 2 ? BitPacked(width) : compact ? SmallestLevels(sample, width) : FastLevels(sample, width);
  *encoding = std::move(form.encoding);
  return std::move(form.compressor);
}

}  // namespace eider::codec
