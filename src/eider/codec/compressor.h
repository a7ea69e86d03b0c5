#pragma once
/// \file
/// Compressors: choose a codec for a page's values and apply it, in the three contexts of the format. The results are
/// canonical in the sense of the reference reader's page validator.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eider/codec/decompressor.h"

namespace eider::codec {

/// What the field's `lance-encoding:*` metadata (or the caller) asks for. Unset: choose.
struct CompressionOptions {
  enum class Scheme : uint8_t { kAuto, kNone, kLz4, kZstd, kFsst };
  Scheme scheme = Scheme::kAuto;
  std::optional<int> level;
  double rle_threshold = 0.5;
  uint16_t version_minor = 2;   ///< 1: file version 2.1, 2: 2.2; decides what is legal
  bool in_lists = false;        ///< chunks of values share their levels with lists
  bool is_text = false;         ///< utf8 types: FSST may be chosen
  enum class ByteSplit : uint8_t { kAuto, kOff, kOn };
  ByteSplit byte_split = ByteSplit::kAuto;   ///< byte-stream-split below a general compressor: where it pays, never, always
  /// Size first: of the codecs that apply the smallest is taken, each below zstd, and chunks are larger.
  bool compact = false;
  bool tries_fsst = false;                       ///< text below a general compressor takes FSST where that is smaller
  std::optional<uint64_t> variable_chunk_bytes;  ///< what chunks of variable-width values aim for
};

/// A page's values cut into mini-block chunks.
struct MiniBlockPage {
  struct Chunk {
    uint32_t num_values = 0;                ///< a power of two in all but the last chunk
    std::vector<uint32_t> buffer_sizes;     ///< one per buffer; chunk i starts where chunk i - 1 ended
  };
  std::vector<BufferBuilder> buffers;       ///< num_buffers streams, chunks back to back, unpadded
  ByteSpan borrowed;                        ///< where there is any, the one stream in place of `buffers`: the values where they lie
  std::vector<Chunk> chunks;
  ByteSpan Stream(size_t buffer) const { return borrowed.empty() ? buffers[buffer].span() : borrowed; }
};

/// Fills `encoding`. Chunks keep far enough below the limits of the version to leave room for usual levels. No values give one
/// empty chunk.
MiniBlockPage CompressMiniBlock(const LeafValues& values, const CompressionOptions& options, CompressiveEncoding* encoding);

/// A page's values for the full-zip layout.
struct PerValuePage {
  bool variable = false;
  uint64_t bytes_per_value = 0;             ///< fixed: stored bytes, element-validity prefix included
  BufferBuilder owned;                      ///< compressed or prefixed bytes, when they differ from the input
  ByteSpan data;                            ///< fixed: num_values x bytes_per_value; variable: see offsets
  std::vector<uint64_t> owned_offsets;      ///< variable and compressed: num_values + 1
  /// Stored bytes of value i.
  ByteSpan Value(const LeafValues& values, uint64_t i) const;
};
PerValuePage CompressPerValue(const LeafValues& values, const CompressionOptions& options, CompressiveEncoding* encoding);

/// What fixed-width values take with the plain codec that suits them best.
uint64_t FixedBytes(const LeafValues& values);
/// The share of their bytes that values keep under the general compressor asked for, by a sample; 1 where none is.
double SampleRatio(const LeafValues& values, const CompressionOptions& options);

/// One buffer in block form (dictionary values).
BufferBuilder CompressBlock(const LeafValues& values, const CompressionOptions& options, CompressiveEncoding* encoding);

/// Levels: one encoding for all chunks of a page, chosen from `all`; then each chunk is compressed on its own.
class LevelCompressor {
 public:
  virtual ~LevelCompressor() = default;
  virtual void Compress(std::span<const uint16_t> levels, BufferBuilder& out) const = 0;
};
/// Since 2.2 `compact` takes the smallest form, by samples; otherwise positions stay cheap to find, unless nearly all levels are equal.
/// A chunk has about `chunk_levels` of them.
std::unique_ptr<LevelCompressor> MakeLevelCompressor(std::span<const uint16_t> all, uint64_t chunk_levels, uint16_t version_minor,
                                                     bool compact, CompressiveEncoding* encoding);

}  // namespace eider::codec
