#include "eider/codec/compressor.h"

#include "eider/codec/byte_stream_split.h"
#include "eider/codec/codec.h"
#include "eider/codec/fixed_size_list.h"
#include "eider/codec/flat.h"
#include "eider/codec/fsst_encoder.h"
#include "eider/codec/general.h"
#include "eider/codec/inline_bitpacking.h"
#include "eider/codec/out_of_line_bitpacking.h"
#include "eider/codec/packed_struct.h"
#include "eider/codec/rle.h"
#include "eider/codec/variable.h"
#include "eider/kernel/scan.h"

namespace eider::codec {
namespace {

using ::lance::encodings21::COMPRESSION_ALGORITHM_LZ4;
using ::lance::encodings21::COMPRESSION_ALGORITHM_ZSTD;
using ::lance::encodings21::CompressionScheme;
using Scheme = CompressionOptions::Scheme;
using Kind = ValueShape::Kind;

// Pages below this are not worth a general compressor.
constexpr uint64_t kMinGeneralBytes = 4096;
// Values longer than this are compressed one by one when a sample of them shrinks by an eighth.
constexpr uint64_t kLongValueBytes = 32 << 10;
constexpr uint64_t kSampleValues = 8;
constexpr uint64_t kMinFsstBytes = 32 << 10;
constexpr uint64_t kMinFsstValueBytes = 5;
// What lz4 takes in one block.
constexpr uint64_t kMaxGeneralBlockBytes = 0x7E000000;

// Of compact pages: what a chunk aims for before it is compressed; in 2.1 a chunk has 32 KiB at most.
constexpr uint64_t kCompactFixedBytes = 64 << 10;
constexpr uint64_t kCompactVariableBytes = 256 << 10;
constexpr uint64_t kCompactSmallBytes = 16 << 10;

// What a chunk of items of lists stays below: levels come in blocks of 1024, of which 8 bytes each just fill one.
constexpr uint64_t kListChunkBytes = (8 << 10) + 1;

uint64_t FixedTarget(const CompressionOptions& options) {
  if (options.version_minor < 2) return options.compact ? kCompactSmallBytes : kChunkTargetBytes;
  return options.compact ? kCompactFixedBytes : options.in_lists ? kListChunkBytes : kChunkTargetBytes;
}
uint64_t VariableTarget(const CompressionOptions& options) {
  if (options.variable_chunk_bytes) return *options.variable_chunk_bytes;
  return !options.compact ? kVariableChunkTargetBytes : options.version_minor >= 2 ? kCompactVariableBytes : kCompactSmallBytes;
}

// Of compact text, unless the field says otherwise. Offsets between short strings need matches of three bytes to shrink, which the
// high levels look for.
constexpr int kCompactTextLevel = 6;
constexpr int kCompactNamesLevel = 14;
constexpr uint64_t kNameBytes = 32;

// From this length of runs on, chunks have more values than usual and still few runs.
constexpr uint64_t kLongRun = 32;
constexpr uint64_t kSparseChunkValues = 8192;

bool WantsGeneral(const CompressionOptions& options) { return options.scheme == Scheme::kLz4 || options.scheme == Scheme::kZstd; }
CompressionScheme SchemeOf(const CompressionOptions& options) {
  return options.scheme == Scheme::kLz4 ? COMPRESSION_ALGORITHM_LZ4 : COMPRESSION_ALGORITHM_ZSTD;
}

uint64_t TotalBytes(const MiniBlockPage& page) {
  uint64_t bytes = 0;
  for (const BufferBuilder& buffer : page.buffers) bytes += buffer.size();
  return bytes;
}

CompressionOptions WithTextLevel(const LeafValues& values, const CompressionOptions& options) {
  if (!options.compact || options.level || values.num_values == 0) return options;
  const uint64_t mean = (values.Offset(values.num_values) - values.Offset(0)) / values.num_values;
  CompressionOptions higher = options;
  higher.level = mean < kNameBytes ? kCompactNamesLevel : kCompactTextLevel;
  // Where sentences come again and again, the default finds more of them.
  return SampleRatio(values, higher) < SampleRatio(values, options) ? higher : options;
}

// Wraps when asked for and when it pays.
void MaybeWrap(const CompressionOptions& options, MiniBlockPage& page, CompressiveEncoding* encoding) {
  if (!WantsGeneral(options) || page.buffers[0].size() < kMinGeneralBytes) return;
  WrapGeneral(SchemeOf(options), options.level, page, encoding);
}

// Flat, run-length or bit-packed: the smallest by estimate, at equal size the simplest.
MiniBlockPage CompressFixedPlain(const LeafValues& values, const CompressionOptions& options, CompressiveEncoding* encoding) {
  const uint64_t bits = values.shape.bits_per_value;
  if (options.scheme == Scheme::kNone || !IsElementWidth(bits) || values.num_values == 0) {
    return CompressFlat(values, encoding, FixedTarget(options));
  }
  const uint64_t flat_bytes = FlatBytes(values.num_values, bits);
  const uint64_t packed_bytes = InlineBitpackedBytes(values);
  const uint64_t runs = CountRuns(values);
  const uint64_t rle_bytes = (runs + values.num_values / kMaxRun) * (bits / 8 + 1);
  const bool few_runs = static_cast<double>(runs) <= options.rle_threshold * static_cast<double>(values.num_values);
  // Runs cannot be addressed, packed values can: runs must save a quarter.
  if (few_runs && 4 * rle_bytes < 3 * std::min(packed_bytes, flat_bytes)) {
    const bool long_runs = options.version_minor >= 2 && runs * kLongRun <= values.num_values;
    return CompressRle(values, long_runs ? kSparseChunkValues : kMaxChunkValues, encoding);
  }
  return packed_bytes < flat_bytes ? CompressInline(values, packed_bytes, encoding) : CompressFlat(values, encoding, FixedTarget(options));
}

// Whether most words of 64 booleans are all false or all true.
bool MostlyEqualBits(const LeafValues& values) {
  const uint64_t words = values.num_values / 64;
  uint64_t equal = 0;
  for (uint64_t i = 0; i < words; ++i) {
    const uint64_t word = LoadBits(values.data.data(), values.bit_offset + 64 * i, 64);
    equal += word + 1 <= 1;
  }
  return 2 * equal > words;
}

MiniBlockPage CompressFixed(const LeafValues& values, const CompressionOptions& options, CompressiveEncoding* encoding) {
  MiniBlockPage page = CompressFixedPlain(values, options, encoding);
  const bool automatic = options.scheme == Scheme::kAuto && options.version_minor >= 2;
  if (automatic && values.shape.bits_per_value == 1 && page.buffers[0].size() >= kMinGeneralBytes && MostlyEqualBits(values)) {
    WrapGeneral(COMPRESSION_ALGORITHM_LZ4, {}, page, encoding);
  }
  if (!WantsGeneral(options)) return page;
  // Run lengths stay as they are: the validator of the format wants no nesting there.
  if (!encoding->has_rle()) MaybeWrap(options, page, encoding);
  using ByteSplit = CompressionOptions::ByteSplit;
  const uint64_t bits = values.shape.bits_per_value;
  const auto replace = [&](MiniBlockPage candidate, CompressiveEncoding candidate_encoding, bool always) {
    MaybeWrap(options, candidate, &candidate_encoding);
    if (!always && TotalBytes(candidate) >= TotalBytes(page)) return;
    *encoding = std::move(candidate_encoding);
    page = std::move(candidate);
  };
  CompressiveEncoding candidate_encoding;
  if (options.compact && !encoding->has_flat()) {
    MiniBlockPage flat = CompressFlat(values, &candidate_encoding, FixedTarget(options));
    replace(std::move(flat), candidate_encoding, false);
  }
  const bool splits = (bits == 32 || bits == 64) && FlatBytes(values.num_values, bits) >= kMinGeneralBytes;
  if (splits && options.byte_split != ByteSplit::kOff) {
    candidate_encoding.Clear();
    MiniBlockPage split = CompressByteStreamSplit(values, &candidate_encoding, FixedTarget(options));
    replace(std::move(split), candidate_encoding, options.byte_split == ByteSplit::kOn);
  }
  return page;
}

bool SampleShrinks(const LeafValues& values) {
  BufferBuilder compressed;
  uint64_t raw_bytes = 0;
  const uint64_t step = std::max<uint64_t>(1, values.num_values / kSampleValues);
  for (uint64_t i = 0; i < values.num_values; i += step) {
    const ByteSpan value = values.Value(i);
    const ByteSpan head = value.first(std::min<size_t>(value.size(), 2 * kLongValueBytes));
    raw_bytes += head.size();
    CompressGeneral(COMPRESSION_ALGORITHM_ZSTD, 1, head, compressed);
  }
  return compressed.size() < raw_bytes - raw_bytes / 8;
}

uint64_t LongestValue(const LeafValues& values) {
  uint64_t longest = 0;
  for (uint64_t i = 0; i < values.num_values; ++i) longest = std::max(longest, values.Offset(i + 1) - values.Offset(i));
  return longest;
}

// Text of some size, unless something else was asked for; the bounds are the reference engine's.
bool WantsFsst(const LeafValues& values, const CompressionOptions& options) {
  if (options.scheme == Scheme::kFsst) return true;
  if (options.scheme != Scheme::kAuto || !options.is_text || values.num_values == 0) return false;
  if (values.Offset(values.num_values) - values.Offset(0) < kMinFsstBytes) return false;
  for (uint64_t i = 0; i < values.num_values; ++i) {
    if (values.Offset(i + 1) - values.Offset(i) >= kMinFsstValueBytes) return true;
  }
  return false;
}

// Short words in no order shrink more by a table of symbols than by a general compressor.
void MaybeFsst(const LeafValues& values, const CompressionOptions& options, MiniBlockPage& page, CompressiveEncoding* encoding) {
  CompressionOptions automatic = options;
  automatic.scheme = Scheme::kAuto;
  MiniBlockPage candidate;
  CompressiveEncoding candidate_encoding;
  if (!WantsFsst(values, automatic) || !CompressFsst(values, VariableTarget(options), candidate, &candidate_encoding)) return;
  if (TotalBytes(candidate) >= TotalBytes(page)) return;
  page = std::move(candidate);
  *encoding = std::move(candidate_encoding);
}

// The format keeps full-zip values to zstd: a request for lz4 means zstd here.
bool CompressesValues(const LeafValues& values, const CompressionOptions& options) {
  if (WantsGeneral(options)) return true;
  if (options.scheme != Scheme::kAuto) return false;
  return LongestValue(values) > kLongValueBytes && SampleShrinks(values);
}

PerValuePage CompressVariablePerValue(const LeafValues& values, const CompressionOptions& options, CompressiveEncoding* encoding) {
  PerValuePage page;
  page.variable = true;
  SetVariable(values.shape.offset_bytes, encoding);
  page.data = values.data;
  if (!CompressesValues(values, options)) {
    if (WantsFsst(values, options)) CompressFsstPerValue(values, page, encoding);
    return page;
  }
  const int level = options.scheme == Scheme::kZstd ? options.level.value_or(0) : 0;
  page.owned_offsets.reserve(values.num_values + 1);
  page.owned_offsets.push_back(0);
  for (uint64_t i = 0; i < values.num_values; ++i) {
    CompressGeneral(COMPRESSION_ALGORITHM_ZSTD, level, values.Value(i), page.owned);
    page.owned_offsets.push_back(page.owned.size());
  }
  page.data = page.owned.span();
  SetGeneral(COMPRESSION_ALGORITHM_ZSTD, level, CompressiveEncoding(*encoding), encoding);
  return page;
}

BufferBuilder FixedBlock(const LeafValues& values, const CompressionOptions& options, CompressiveEncoding* encoding) {
  const uint64_t bits = values.shape.bits_per_value;
  BufferBuilder out;
  if (options.version_minor >= 2 && options.scheme == Scheme::kAuto && IsElementWidth(bits)) {
    const uint32_t width = WithElement(bits, [&](auto zero) {
      return std::max(1u, kernel::MaxBitWidth<decltype(zero)>(values.data.data(), values.num_values));
    });
    if (OutOfLineBytes(values.num_values, bits, width) < FlatBytes(values.num_values, bits)) {
      SetOutOfLine(bits, width, encoding);
      CompressOutOfLine(values.data.data(), values.num_values, bits, width, out);
      return out;
    }
  }
  SetFlat(bits, encoding);
  AppendFlatSlice(values, 0, values.num_values, out);
  return out;
}

}  // namespace

MiniBlockPage CompressMiniBlock(const LeafValues& values, const CompressionOptions& options, CompressiveEncoding* encoding) {
  if (values.shape.kind == Kind::kVariable) {
    MiniBlockPage page;
    if (WantsFsst(values, options) && CompressFsst(values, VariableTarget(options), page, encoding)) return page;
    page = CompressVariable(values, encoding, VariableTarget(options));
    MaybeWrap(WithTextLevel(values, options), page, encoding);
    if (options.tries_fsst) MaybeFsst(values, options, page, encoding);
    return page;
  }
  if (!values.shape.dimensions.empty()) {
    const bool shares_levels = options.in_lists && options.version_minor >= 2;
    return CompressFixedSizeList(values, shares_levels ? kListChunkBytes : kChunkTargetBytes, encoding);
  }
  if (!values.packed_bits.empty()) {
    MiniBlockPage page = CompressFlat(values, encoding);
    SetPackedStruct(values, encoding);
    return page;
  }
  return CompressFixed(values, options, encoding);
}

PerValuePage CompressPerValue(const LeafValues& values, const CompressionOptions& options, CompressiveEncoding* encoding) {
  if (values.row_encoding) {
    *encoding = *values.row_encoding;
    PerValuePage page;
    page.variable = true;
    return page;
  }
  if (values.shape.kind == Kind::kVariable) return CompressVariablePerValue(values, options, encoding);
  if (values.shape.bits_per_value % 8 != 0) {
    throw Invalid("full-zip: values of {} bits are not whole bytes", values.shape.bits_per_value);
  }
  PerValuePage page;
  page.bytes_per_value = values.shape.bits_per_value / 8;
  page.data = values.data;
  if (!values.shape.dimensions.empty()) {
    page.bytes_per_value = CompressFixedSizeListPerValue(values, encoding, page.owned);
    if (page.owned.size() != 0) page.data = page.owned.span();
  } else if (!values.packed_bits.empty()) {
    SetPackedStruct(values, encoding);
  } else {
    SetFlat(values.shape.bits_per_value, encoding);
  }
  return page;
}

ByteSpan PerValuePage::Value(const LeafValues& values, uint64_t i) const {
  if (!variable) return data.subspan(i * bytes_per_value, bytes_per_value);
  if (owned_offsets.empty()) return values.Value(i);
  return data.subspan(owned_offsets[i], owned_offsets[i + 1] - owned_offsets[i]);
}

uint64_t FixedBytes(const LeafValues& values) {
  const uint64_t bits = values.shape.bits_per_value, flat = FlatBytes(values.num_values, bits);
  if (!IsElementWidth(bits)) return flat;
  const uint64_t run_bytes = (CountRuns(values) + values.num_values / kMaxRun) * (bits / 8 + 1);
  return std::min({flat, InlineBitpackedBytes(values), run_bytes});
}

double SampleRatio(const LeafValues& values, const CompressionOptions& options) {
  if (!WantsGeneral(options) || values.shape.kind != Kind::kVariable || values.num_values == 0) return 1;
  // One stretch from the middle: neighbours matter to a general compressor.
  const uint64_t begin = values.Offset(0), end = values.Offset(values.num_values);
  const uint64_t bytes = std::min<uint64_t>(end - begin, kCompactVariableBytes / 2);
  if (bytes < kMinGeneralBytes) return 1;
  BufferBuilder compressed;
  CompressGeneral(SchemeOf(options), options.level, values.data.subspan(begin + (end - begin - bytes) / 2, bytes), compressed);
  return std::min(1.0, static_cast<double>(compressed.size()) / static_cast<double>(bytes));
}

BufferBuilder CompressBlock(const LeafValues& values, const CompressionOptions& options, CompressiveEncoding* encoding) {
  BufferBuilder block = values.shape.kind == Kind::kVariable ? CompressVariableBlock(values, encoding)
                                                             : FixedBlock(values, options, encoding);
  // 2.1 keeps its blocks raw; 2.2 takes lz4 unless told otherwise.
  const bool wraps = WantsGeneral(options) || options.scheme == Scheme::kAuto;
  if (options.version_minor < 2 || !wraps || encoding->has_out_of_line_bitpacking()) return block;
  const CompressionScheme scheme = options.scheme == Scheme::kZstd ? COMPRESSION_ALGORITHM_ZSTD : COMPRESSION_ALGORITHM_LZ4;
  BufferBuilder compressed;
  if (block.size() <= kMaxGeneralBlockBytes) CompressGeneral(scheme, options.level, block.span(), compressed);
  if (compressed.size() == 0 || compressed.size() >= block.size()) return block;
  SetGeneral(scheme, options.level, CompressiveEncoding(*encoding), encoding);
  return compressed;
}

}  // namespace eider::codec
