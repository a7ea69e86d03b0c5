#pragma once
/// \file
/// Decompressors, one interface per context of the format (2.1+): the buffers of a mini-block chunk, single values of a
/// full-zip page, and one-buffer blocks (levels, dictionaries). Built once per page from its CompressiveEncoding, then
/// immutable and thread-safe. All bytes are hostile: every call returns, or throws Error(kCorrupt); `out` is then to be
/// thrown away.

#include <memory>
#include <span>

#include "eider/codec/values.h"

namespace lance::encodings21 {
class CompressiveEncoding;
}

namespace eider::codec {

using CompressiveEncoding = ::lance::encodings21::CompressiveEncoding;

class MiniBlockDecompressor {
 public:
  virtual ~MiniBlockDecompressor() = default;
  /// Value buffers per chunk that this tree consumes (must equal the page's num_buffers).
  virtual uint32_t num_buffers() const = 0;
  /// The most bytes that the first buffer of a chunk of `num_values` can need: a bound on what a compressor around it may
  /// claim to hold.
  virtual uint64_t max_first_buffer_bytes(uint64_t num_values) const { return ~uint64_t{0}; }
  /// Appends values [first, first + count) of a chunk of `num_values`.
  virtual void AppendRange(std::span<const ByteSpan> buffers, uint64_t num_values, uint64_t first, uint64_t count,
                           DecodedValues& out) const = 0;
  /// Appends the values at `positions` (any order, each < num_values), extracting single values by address where the codec
  /// can; switches to block decoding when that is cheaper.
  virtual void AppendAt(std::span<const ByteSpan> buffers, uint64_t num_values, std::span<const uint32_t> positions,
                        DecodedValues& out) const = 0;
  /// Asks memory for what AppendAt will look at for one value: step 0 touches nothing, step 1 what step 0 asked for.
  virtual void PrefetchAt(std::span<const ByteSpan> buffers, uint64_t num_values, uint32_t position, int step) const {}
};

class PerValueDecompressor {
 public:
  virtual ~PerValueDecompressor() = default;
  /// Fixed width: stored bytes of one value, excluding fixed-size-list validity prefixes; 0 when variable, or when
  /// all items of a fixed-size list are null and only their validity is stored.
  virtual uint64_t stored_bytes() const = 0;
  /// Bytes of element validity that precede each stored value (fixed-size lists with element nulls).
  virtual uint64_t validity_prefix_bytes() const { return 0; }
  /// True when a stored value is exactly the value's bytes (no compression, no prefix), so that runs may be copied or viewed.
  virtual bool is_plain() const = 0;
  /// Appends one stored value (with its validity prefix, when there is one).
  virtual void AppendValue(ByteSpan stored, DecodedValues& out) const = 0;
};

class BlockDecompressor {
 public:
  virtual ~BlockDecompressor() = default;
  /// Appends exactly `num_values` values.
  virtual void AppendBlock(ByteSpan block, uint64_t num_values, DecodedValues& out) const = 0;
  /// The most bytes that a block of `num_values` can need.
  virtual uint64_t max_bytes(uint64_t num_values) const { return ~uint64_t{0}; }
};

/// Rep or def levels (u16) of one chunk.
class LevelDecompressor {
 public:
  virtual ~LevelDecompressor() = default;
  virtual void Decode(ByteSpan block, std::span<uint16_t> out) const = 0;
  /// One level by address, for sparse takes. `num_levels` is the chunk's count; i < num_levels.
  virtual uint16_t At(ByteSpan block, uint64_t num_levels, uint64_t i) const = 0;
  /// False when At() must decode the whole block (run-length, lz4, zstd): Decode once then.
  virtual bool has_random_access() const { return true; }
  /// Bit i of `mask` = (level i == value), 0 after the last; kernel::MaskWords(num_levels) words. Bit-packed levels are not
  /// unpacked for it.
  virtual void MaskEqual(ByteSpan block, uint64_t num_levels, uint16_t value, uint64_t* mask) const;
  /// Bit i of `mask` = (level i <= value).
  virtual void MaskAtMost(ByteSpan block, uint64_t num_levels, uint16_t value, uint64_t* mask) const;
  /// Levels [first, first + out.size()).
  virtual void Extract(ByteSpan block, uint64_t num_levels, uint64_t first, std::span<uint16_t> out) const;
};

/// `shape` is what the column's type needs; an encoding that cannot yield it is kCorrupt, an encoding that we do not know is
/// kUnsupported, both naming it.
std::unique_ptr<MiniBlockDecompressor> MakeMiniBlockDecompressor(const CompressiveEncoding& encoding, const ValueShape& shape);
std::unique_ptr<PerValueDecompressor> MakePerValueDecompressor(const CompressiveEncoding& encoding, const ValueShape& shape);
std::unique_ptr<BlockDecompressor> MakeBlockDecompressor(const CompressiveEncoding& encoding, const ValueShape& shape);
std::unique_ptr<LevelDecompressor> MakeLevelDecompressor(const CompressiveEncoding& encoding);

/// Splits `num_rows` row-major rows of a PackedStruct into columns of whole bytes: column k takes shapes[k].bits_per_value
/// bits of each row. \pre rows.size() == num_rows x the sum of the widths.
void SplitPackedStruct(ByteSpan rows, uint64_t num_rows, std::span<DecodedValues> columns);

/// "general(zstd, fsst(variable<32>))": for inspect and messages.
std::string DescribeEncoding(const CompressiveEncoding& encoding);

}  // namespace eider::codec
