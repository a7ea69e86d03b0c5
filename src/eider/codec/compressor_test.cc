#include "eider/codec/compressor.h"

#include <gtest/gtest.h>

#include <bit>

#include "eider/codec/codec.h"
#include "eider/testing/leaf_samples.h"

namespace eider::codec {
namespace {

using testing::LeafSample;
using Scheme = CompressionOptions::Scheme;

/// Value i as a string, whatever its shape: bytes, bits as '0' and '1', and the validity of list elements.
std::string ValueOf(const LeafValues& values, uint64_t i) {
  if (values.shape.kind == ValueShape::Kind::kVariable) {
    const ByteSpan v = values.Value(i);
    return std::string(v.begin(), v.end());
  }
  std::string s;
  const uint64_t bits = values.shape.bits_per_value;
  if (bits % 8 == 0 && values.shape.dimensions.empty()) {
    return std::string(values.data.begin() + i * bits / 8, values.data.begin() + (i + 1) * bits / 8);
  }
  for (uint64_t b = 0; b < bits; b += 8) {
    uint8_t byte = 0;
    CopyBits(values.data.data(), values.bit_offset + i * bits + b, &byte, 0, std::min<uint64_t>(8, bits - b));
    s += static_cast<char>(byte);
  }
  uint64_t elements = 1;
  for (size_t k = 0; k < values.shape.dimensions.size(); ++k) {
    elements *= values.shape.dimensions[k];
    for (uint64_t e = 0; e < elements; ++e) {
      s += values.fsl_validity[k].empty() || GetBit(values.fsl_validity[k].data(), i * elements + e) ? '1' : '0';
    }
  }
  return s;
}

std::string ValueOf(DecodedValues& values, uint64_t i) {
  LeafValues view;
  view.shape = values.shape;
  view.num_values = values.num_values;
  view.data = values.is_bits() ? ByteSpan{values.bits.data(), BytesForBits(values.bits.size())} : values.data.span();
  view.offsets = values.offsets.span();
  for (BitBuilder& bits : values.fsl_validity) view.fsl_validity.push_back({bits.data(), BytesForBits(bits.size())});
  return ValueOf(view, i);
}

std::vector<CompressionOptions> AllOptions(const LeafSample& sample) {
  std::vector<CompressionOptions> all;
  for (const uint16_t minor : {1, 2}) {
    for (const Scheme scheme : {Scheme::kAuto, Scheme::kNone, Scheme::kLz4, Scheme::kZstd, Scheme::kFsst}) {
      if (scheme == Scheme::kFsst && sample.shape.kind != ValueShape::Kind::kVariable) continue;
      all.push_back({.scheme = scheme, .version_minor = minor, .is_text = true});
    }
  }
  return all;
}

class RoundTrip {
 public:
  RoundTrip(const LeafSample& sample, const CompressionOptions& options)
      : sample_(sample), options_(options), values_(sample.Values()) {}

  void MiniBlock() {
    CompressiveEncoding encoding;
    const MiniBlockPage page = CompressMiniBlock(values_, options_, &encoding);
    SCOPED_TRACE(sample_.name + " as " + DescribeEncoding(encoding));
    const auto decompressor = MakeMiniBlockDecompressor(encoding, sample_.shape);
    ASSERT_EQ(decompressor->num_buffers(), page.buffers.size());
    DecodedValues all(sample_.shape);
    std::vector<uint64_t> at(page.buffers.size());
    uint64_t first = 0;
    for (size_t c = 0; c < page.chunks.size(); ++c) {
      const auto& chunk = page.chunks[c];
      const bool last = c + 1 == page.chunks.size();
      ASSERT_TRUE(last || std::has_single_bit(chunk.num_values)) << chunk.num_values;
      ASSERT_LE(chunk.num_values, encoding.has_rle() && options_.version_minor >= 2 ? 2 * kMaxChunkValues : kMaxChunkValues);
      std::vector<ByteSpan> buffers;
      uint64_t bytes = 0;
      for (size_t b = 0; b < at.size(); ++b) {
        buffers.push_back(page.Stream(b).subspan(at[b], chunk.buffer_sizes[b]));
        at[b] += chunk.buffer_sizes[b];
        bytes += chunk.buffer_sizes[b];
      }
      ASSERT_TRUE(last || chunk.num_values > 1) << chunk.num_values;
      ASSERT_TRUE(bytes <= 9 << 10 || chunk.num_values <= 2) << bytes;
      decompressor->AppendRange(buffers, chunk.num_values, 0, chunk.num_values, all);
      CheckParts(*decompressor, buffers, chunk.num_values, first);
      first += chunk.num_values;
    }
    ASSERT_EQ(first, sample_.num_values);
    Expect(all, 0);
    for (size_t b = 0; b < at.size(); ++b) ASSERT_EQ(at[b], page.Stream(b).size());
  }

  void PerValue() {
    if (sample_.shape.kind == ValueShape::Kind::kFixed && sample_.shape.bits_per_value % 8 != 0) return;
    CompressiveEncoding encoding;
    const PerValuePage page = CompressPerValue(values_, options_, &encoding);
    SCOPED_TRACE(sample_.name + " per value as " + DescribeEncoding(encoding));
    const auto decompressor = MakePerValueDecompressor(encoding, sample_.shape);
    if (!page.variable) {
      ASSERT_EQ(decompressor->stored_bytes() + decompressor->validity_prefix_bytes(), page.bytes_per_value);
    }
    DecodedValues all(sample_.shape);
    for (uint64_t i = 0; i < sample_.num_values; ++i) decompressor->AppendValue(page.Value(values_, i), all);
    Expect(all, 0);
  }

  void Block() {
    if (!sample_.shape.dimensions.empty()) return;
    CompressiveEncoding encoding;
    const BufferBuilder block = CompressBlock(values_, options_, &encoding);
    SCOPED_TRACE(sample_.name + " in a block as " + DescribeEncoding(encoding));
    DecodedValues all(sample_.shape);
    MakeBlockDecompressor(encoding, sample_.shape)->AppendBlock(block.span(), sample_.num_values, all);
    Expect(all, 0);
  }

 private:
  void CheckParts(const MiniBlockDecompressor& decompressor, const std::vector<ByteSpan>& buffers, uint64_t n, uint64_t first) {
    if (n == 0) return;
    DecodedValues part(sample_.shape);
    decompressor.AppendRange(buffers, n, n / 3, n - n / 3, part);
    decompressor.AppendRange(buffers, n, 0, n / 3, part);
    ASSERT_EQ(part.num_values, n);
    for (const uint64_t i : {uint64_t{0}, n / 2, n - 1}) {
      ASSERT_EQ(ValueOf(part, (i + n - n / 3) % n), ValueOf(values_, first + i)) << "range, value " << i;
    }
    std::mt19937 random(static_cast<uint32_t>(first));
    for (const size_t count : {size_t{1}, size_t{20}, size_t{300}}) {
      std::vector<uint32_t> positions;
      for (size_t k = 0; k < count; ++k) positions.push_back(static_cast<uint32_t>(random() % n));
      DecodedValues some(sample_.shape);
      decompressor.AppendAt(buffers, n, positions, some);
      decompressor.AppendAt(buffers, n, std::span(positions).first(1), some);
      positions.push_back(positions[0]);
      ASSERT_EQ(some.num_values, positions.size());
      for (size_t k = 0; k < positions.size(); k += 1 + k / 8) {
        ASSERT_EQ(ValueOf(some, k), ValueOf(values_, first + positions[k])) << "position " << positions[k];
      }
    }
  }
  void Expect(DecodedValues& decoded, uint64_t first) {
    ASSERT_EQ(decoded.num_values, sample_.num_values);
    for (uint64_t i = 0; i < sample_.num_values; ++i) ASSERT_EQ(ValueOf(decoded, i), ValueOf(values_, first + i)) << i;
  }

  const LeafSample& sample_;
  const CompressionOptions& options_;
  const LeafValues values_;
};

TEST(CompressorTest, MiniBlocksOfEveryShapeComeBack) {
  for (const LeafSample& sample : testing::LeafSamples()) {
    for (const CompressionOptions& options : AllOptions(sample)) ASSERT_NO_FATAL_FAILURE(RoundTrip(sample, options).MiniBlock());
  }
}

TEST(CompressorTest, FullZipValuesOfEveryShapeComeBack) {
  for (const LeafSample& sample : testing::LeafSamples()) {
    for (const CompressionOptions& options : AllOptions(sample)) ASSERT_NO_FATAL_FAILURE(RoundTrip(sample, options).PerValue());
  }
}

TEST(CompressorTest, BlocksOfEveryShapeComeBack) {
  for (const LeafSample& sample : testing::LeafSamples()) {
    for (const CompressionOptions& options : AllOptions(sample)) ASSERT_NO_FATAL_FAILURE(RoundTrip(sample, options).Block());
  }
}

std::string ChosenFor(const LeafSample& sample, const CompressionOptions& options = {}) {
  CompressiveEncoding encoding;
  CompressMiniBlock(sample.Values(), options, &encoding);
  return DescribeEncoding(encoding);
}

TEST(CompressorTest, ChoosesBySizeAsTheReferenceDoes) {
  std::mt19937_64 random(1);
  EXPECT_EQ(ChosenFor(testing::FixedSample("", 32, 3000, [&](uint64_t) { return random() % 1000; })), "inline_bitpacking<32>");
  EXPECT_EQ(ChosenFor(testing::FixedSample("", 32, 3000, [&](uint64_t) { return random(); })), "flat<32>");
  EXPECT_EQ(ChosenFor(testing::FixedSample("", 32, 5000, [&](uint64_t i) { return i / 100 * 1000003; })), "rle<32>");
  EXPECT_EQ(ChosenFor(testing::FixedSample("", 64, 10, [&](uint64_t i) { return i; })), "flat<64>") << "a block is padded to 1024";
  EXPECT_EQ(ChosenFor(testing::FixedSample("", 32, 3000, [&](uint64_t) { return random() % 1000; }), {.scheme = Scheme::kNone}),
            "flat<32>");
  EXPECT_EQ(ChosenFor(testing::FixedSample("", 32, 5000, [&](uint64_t i) { return i / 100 * 1000003; }), {.rle_threshold = 0}),
            "inline_bitpacking<32>");
  // 1250 runs of 4 over 12-bit values stay bit-packed, 2500 runs of 2 over 30-bit values do not.
  EXPECT_EQ(ChosenFor(testing::FixedSample("", 32, 5000, [&](uint64_t i) { return i / 4 * 2654435761u % 4096; })),
            "inline_bitpacking<32>");
  EXPECT_EQ(ChosenFor(testing::FixedSample("", 32, 5000, [&](uint64_t i) { return i / 2 * 2654435761u % (1u << 30); })), "rle<32>");
  EXPECT_EQ(ChosenFor(testing::RandomBytesSample("", 1, 3000, 1)), "flat<1>");
  EXPECT_EQ(ChosenFor(testing::FixedSizeListSample("", {4}, 32, 100, {true}, 1)), "fixed_size_list(4 nullable, flat<32>)");
  EXPECT_EQ(ChosenFor(testing::FixedSample("", 64, 3000, [&](uint64_t i) { return i % 100 * 1000003 << 20; }), {.scheme = Scheme::kZstd}).substr(0, 13),
            "general(zstd,");
}

TEST(CompressorTest, CutsChunksWhereTheReferenceCutsThem) {
  const auto first_chunk = [](const LeafSample& sample) {
    CompressiveEncoding encoding;
    return CompressMiniBlock(sample.Values(), {.scheme = Scheme::kNone}, &encoding).chunks[0].num_values;
  };
  EXPECT_EQ(first_chunk(testing::RandomBytesSample("", 1, 20000, 1)), 4096u);
  EXPECT_EQ(first_chunk(testing::RandomBytesSample("", 8, 20000, 1)), 4096u);
  EXPECT_EQ(first_chunk(testing::RandomBytesSample("", 16, 20000, 1)), 2048u);
  EXPECT_EQ(first_chunk(testing::RandomBytesSample("", 32, 20000, 1)), 1024u);
  EXPECT_EQ(first_chunk(testing::RandomBytesSample("", 56, 20000, 1)), 1024u);
  EXPECT_EQ(first_chunk(testing::RandomBytesSample("", 64, 20000, 1)), 512u);
  EXPECT_EQ(first_chunk(testing::RandomBytesSample("", 128, 20000, 1)), 256u);
  EXPECT_EQ(first_chunk(testing::RandomBytesSample("", 800, 20000, 1)), 64u);
  EXPECT_EQ(first_chunk(testing::VariableSample("", 4, 20000, 1, [](uint64_t) { return 20; })), 128u);
  EXPECT_EQ(first_chunk(testing::VariableSample("", 4, 20000, 1, [](uint64_t) { return 200; })), 16u);
}

TEST(CompressorTest, LeavesAChunkOfOneValueToTheEnd) {
  const std::string bytes(9 * 6000, 'x');
  std::vector<uint32_t> offsets;
  for (uint32_t i = 0; i <= 9; ++i) offsets.push_back(i * 6000);
  LeafValues strings;
  strings.shape = {.kind = ValueShape::Kind::kVariable, .offset_bytes = 4};
  strings.num_values = 9;
  strings.data = {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  strings.offsets = {reinterpret_cast<const uint8_t*>(offsets.data()), 4 * offsets.size()};
  LeafValues wide;
  wide.shape.bits_per_value = 8 * 6000;
  wide.num_values = 9;
  wide.data = strings.data;
  for (const LeafValues& values : {strings, wide}) {
    CompressiveEncoding encoding;
    std::vector<uint32_t> counts;
    for (const auto& chunk : CompressMiniBlock(values, {}, &encoding).chunks) counts.push_back(chunk.num_values);
    EXPECT_EQ(counts, (std::vector<uint32_t>{2, 2, 2, 2, 1}));
  }
}

TEST(CompressorTest, PackedStructsAreRowsOfTheirFields) {
  LeafSample sample = testing::RandomBytesSample("", 96, 3000, 4);
  LeafValues values = sample.Values();
  values.packed_bits = {32, 64};
  CompressiveEncoding encoding;
  const MiniBlockPage page = CompressMiniBlock(values, {}, &encoding);
  EXPECT_EQ(DescribeEncoding(encoding), "packed_struct<32, 64>");
  const auto decompressor = MakeMiniBlockDecompressor(encoding, sample.shape);
  DecodedValues rows(sample.shape);
  const ByteSpan chunk = page.buffers[0].span().first(page.chunks[0].buffer_sizes[0]);
  decompressor->AppendRange({&chunk, 1}, page.chunks[0].num_values, 0, page.chunks[0].num_values, rows);
  std::vector<DecodedValues> columns;
  columns.emplace_back(testing::FixedShape(32));
  columns.emplace_back(testing::FixedShape(64));
  SplitPackedStruct(rows.data.span(), rows.num_values, columns);
  for (uint64_t i = 0; i < rows.num_values; ++i) {
    ASSERT_EQ(ValueOf(columns[0], i) + ValueOf(columns[1], i), ValueOf(values, i));
  }
}

TEST(LevelCompressorTest, LevelsOfEveryShapeComeBack) {
  std::mt19937 random(5);
  for (const uint16_t minor : {1, 2}) {
    for (const size_t n : {size_t{1}, size_t{100}, size_t{1023}, size_t{1024}, size_t{1025}, size_t{4096}, size_t{5000}}) {
      for (const uint32_t max : {0u, 1u, 2u, 7u, 300u}) {
        for (const auto [sparse, compact] : {std::pair(false, false), {true, false}, {false, true}, {true, true}}) {
          std::vector<uint16_t> levels(n);
          for (uint16_t& level : levels) level = sparse && random() % 1000 ? 0 : static_cast<uint16_t>(random() % (max + 1));
          CompressiveEncoding encoding;
          const auto compressor = MakeLevelCompressor(levels, kMaxChunkValues, minor, compact, &encoding);
          SCOPED_TRACE(fmt::format("{} levels to {} as {}", n, max, DescribeEncoding(encoding)));
          BufferBuilder bytes;
          compressor->Compress(levels, bytes);
          const auto decompressor = MakeLevelDecompressor(encoding);
          std::vector<uint16_t> decoded(n);
          decompressor->Decode(bytes.span(), decoded);
          ASSERT_EQ(decoded, levels);
          for (size_t i = 0; i < n; i += 1 + n / 50) ASSERT_EQ(decompressor->At(bytes.span(), n, i), levels[i]) << i;
          std::vector<uint64_t> mask((n + 63) / 64);
          decompressor->MaskEqual(bytes.span(), n, levels[n / 2], mask.data());
          for (size_t i = 0; i < 64 * mask.size(); ++i) {
            ASSERT_EQ((mask[i / 64] >> (i % 64)) & 1, i < n && levels[i] == levels[n / 2]) << i;
          }
          decompressor->MaskAtMost(bytes.span(), n, 1, mask.data());
          for (size_t i = 0; i < 64 * mask.size(); ++i) ASSERT_EQ((mask[i / 64] >> (i % 64)) & 1, i < n && levels[i] <= 1) << i;
          std::vector<uint16_t> part(std::min<size_t>(n - n / 3, 40));
          decompressor->Extract(bytes.span(), n, n / 3, part);
          ASSERT_TRUE(std::equal(part.begin(), part.end(), levels.begin() + n / 3));
        }
      }
    }
  }
}

}  // namespace
}  // namespace eider::codec
