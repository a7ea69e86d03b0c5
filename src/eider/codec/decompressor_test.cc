#include "eider/codec/decompressor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eider/codec/flat.h"
#include "eider/codec/general.h"
#include "eider/codec/out_of_line_bitpacking.h"
#include "eider/codec/rle.h"
#include "eider/codec/variable.h"
#include "eider/testing/leaf_samples.h"

namespace eider::codec {
namespace {

using testing::FixedShape;
using testing::VariableShape;

template <typename Body>
std::string ErrorOf(ErrorKind kind, Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}
template <typename Body>
std::string CorruptOf(Body&& body) { return ErrorOf(ErrorKind::kCorrupt, body); }

CompressiveEncoding Flat(uint64_t bits) {
  CompressiveEncoding encoding;
  SetFlat(bits, &encoding);
  return encoding;
}
CompressiveEncoding Rle(uint64_t bits) {
  CompressiveEncoding encoding;
  SetRle(bits, &encoding);
  return encoding;
}
CompressiveEncoding Variable(uint64_t offset_bytes) {
  CompressiveEncoding encoding;
  SetVariable(offset_bytes, &encoding);
  return encoding;
}
CompressiveEncoding General(::lance::encodings21::CompressionScheme scheme, CompressiveEncoding inner) {
  CompressiveEncoding encoding;
  SetGeneral(scheme, std::nullopt, std::move(inner), &encoding);
  return encoding;
}

void DecodeChunk(const CompressiveEncoding& encoding, const ValueShape& shape, std::vector<std::vector<uint8_t>> buffers,
                 uint64_t n, DecodedValues& out) {
  MakeMiniBlockDecompressor(encoding, shape)->AppendRange(std::vector<ByteSpan>(buffers.begin(), buffers.end()), n, 0, n, out);
}
void DecodeChunk(const CompressiveEncoding& encoding, const ValueShape& shape, std::vector<std::vector<uint8_t>> buffers, uint64_t n) {
  DecodedValues out(shape);
  DecodeChunk(encoding, shape, std::move(buffers), n, out);
}

TEST(RleTest, CutsShortARunThatOvershootsTheChunk) {
  DecodedValues out(FixedShape(8));
  DecodeChunk(Rle(8), FixedShape(8), {{7, 9}, {2, 200}}, 5, out);
  EXPECT_EQ(std::string(out.data.as<char>(), 5), "\7\7\t\t\t");
}

TEST(RleTest, NamesWhatDisagrees) {
  EXPECT_EQ(CorruptOf([] { DecodeChunk(Rle(32), FixedShape(32), {{1, 0, 0, 0}, {2, 3}}, 5); }),
            "rle: 2 lengths but 4 value bytes of width 4");
  EXPECT_EQ(CorruptOf([] { DecodeChunk(Rle(8), FixedShape(8), {{1, 2}, {2, 2}}, 5); }),
            "rle: runs cover 4 values, 5 are needed");
  EXPECT_EQ(CorruptOf([] { DecodeChunk(Rle(8), FixedShape(8), {{1}, {255}}, 1 << 30); }),
            "rle: 1 runs cannot cover 1073741824 values");
}

TEST(FlatTest, WantsExactlyItsBytes) {
  EXPECT_EQ(CorruptOf([] { DecodeChunk(Flat(32), FixedShape(32), {{1, 2, 3, 4, 5}}, 1); }),
            "flat: 5 bytes, 1 values of 32 bits take 4");
  EXPECT_EQ(CorruptOf([] { DecodeChunk(Flat(1), FixedShape(1), {{1}}, 9); }), "flat: 1 bytes, 9 values of 1 bits take 2");
  EXPECT_EQ(CorruptOf([] { DecodeChunk(Flat(64), FixedShape(32), {{}}, 0); }), "flat: 64 bits per value, the column has 32");
}

TEST(InlineBitpackingTest, ReadsSeveralBlocksOfAChunkAndChecksEach) {
  CompressiveEncoding encoding;
  encoding.mutable_inline_bitpacking()->set_uncompressed_bits_per_value(8);
  std::vector<uint8_t> bytes{0, 1};  // a block of width 0, then one of width 1 with all bits set
  bytes.resize(2 + 128, 0xFF);
  DecodedValues out(FixedShape(8));
  DecodeChunk(encoding, FixedShape(8), {bytes}, 1500, out);
  EXPECT_EQ(out.data.span()[1023], 0);
  EXPECT_EQ(out.data.span()[1024], 1);
  const auto two_blocks = MakeMiniBlockDecompressor(encoding, FixedShape(8));
  DecodedValues at(FixedShape(8));
  const ByteSpan span = bytes;
  two_blocks->AppendAt({&span, 1}, 1500, std::vector<uint32_t>{1499, 0, 1024}, at);
  EXPECT_EQ(std::string(at.data.as<char>(), 3), std::string("\1\0\1", 3));
  bytes[1] = 9;
  EXPECT_EQ(CorruptOf([&] { DecodeChunk(encoding, FixedShape(8), {bytes}, 1500); }), "inline_bitpacking: width 9 of 8-bit values");
  bytes[1] = 2;
  EXPECT_EQ(CorruptOf([&] { DecodeChunk(encoding, FixedShape(8), {bytes}, 1500); }),
            "inline_bitpacking: width 2 takes 257 bytes, 129 are left");
  bytes[1] = 0;
  EXPECT_EQ(CorruptOf([&] { DecodeChunk(encoding, FixedShape(8), {bytes}, 1500); }),
            "inline_bitpacking: 128 bytes behind the last block");
}

TEST(OutOfLineBitpackingTest, RefusesValuesThatNeedNoBytes) {
  CompressiveEncoding encoding;
  SetOutOfLine(32, 0, &encoding);
  EXPECT_EQ(CorruptOf([&] { DecodeChunk(encoding, FixedShape(32), {{}}, 1 << 20); }), "out_of_line_bitpacking: values of width 0");
}

TEST(VariableTest, OffsetsMustAscendWithinTheBuffer) {
  const auto chunk = [](std::vector<uint32_t> offsets, size_t bytes) {
    std::vector<uint8_t> buffer(4 * offsets.size() + bytes);
    std::memcpy(buffer.data(), offsets.data(), 4 * offsets.size());
    return buffer;
  };
  DecodeChunk(Variable(4), VariableShape(4), {chunk({12, 13, 15}, 3)}, 2);
  EXPECT_EQ(CorruptOf([&] { DecodeChunk(Variable(4), VariableShape(4), {chunk({12, 16, 15}, 3)}, 2); }),
            "variable: value 0 of 2 is bytes [12, 16) of [12, 15)");
  EXPECT_EQ(CorruptOf([&] { DecodeChunk(Variable(4), VariableShape(4), {chunk({12, 13, 16}, 3)}, 2); }),
            "variable: value 0 of 2 is bytes [12, 16) of [12, 15)");
  EXPECT_EQ(CorruptOf([&] { DecodeChunk(Variable(4), VariableShape(4), {chunk({0, 13, 15}, 3)}, 2); }),
            "variable: value 0 of 2 is bytes [0, 15) of [12, 15)");
  EXPECT_EQ(CorruptOf([&] { DecodeChunk(Variable(4), VariableShape(4), {{1, 2, 3}}, 1000); }),
            "variable: 1000 values of 4-byte offsets in a buffer of 3");
  EXPECT_EQ(ErrorOf(ErrorKind::kUnsupported,
                    [] {
                      DecodedValues out(VariableShape(4));
                      const std::vector<uint8_t> block{32, 0, 1, 0, 0, 0, 0, 0};
                      MakeBlockDecompressor(Variable(4), VariableShape(4))->AppendBlock(block, 1, out);
                    }),
            "variable: a block of a pre-release writer (header 0x10020)");
}

TEST(VariableTest, WritesLargeOffsetsForSmallOnesAndBack) {
  const testing::LeafSample small = testing::VariableSample("", 4, 100, 1, [](uint64_t i) { return i % 9; });
  CompressiveEncoding encoding;
  const MiniBlockPage page = CompressMiniBlock(small.Values(), {.scheme = CompressionOptions::Scheme::kNone}, &encoding);
  DecodedValues large(VariableShape(8));
  const ByteSpan chunk = page.buffers[0].span();
  MakeMiniBlockDecompressor(encoding, VariableShape(8))->AppendRange({&chunk, 1}, 100, 0, 100, large);
  EXPECT_EQ(large.offsets.size(), 808u);
  EXPECT_EQ(LoadLe<uint64_t>(large.offsets.data() + 800), large.data.size());
}

TEST(GeneralTest, BelievesNoSizeThatTheBytesCannotGive) {
  using namespace ::lance::encodings21;
  std::vector<uint8_t> lz4{0, 0, 0, 0x40, 1, 2, 3};
  EXPECT_EQ(CorruptOf([&] { DecodeChunk(General(COMPRESSION_ALGORITHM_LZ4, Variable(4)), VariableShape(4), {lz4}, 1); }),
            "general: lz4 claims 1073741824 raw bytes, at most 829 are possible");
  BufferBuilder zeros, compressed;
  zeros.AppendFill(1000, 0);
  CompressGeneral(COMPRESSION_ALGORITHM_ZSTD, std::nullopt, zeros.span(), compressed);
  std::vector<uint8_t> zstd(compressed.data(), compressed.data() + compressed.size());
  DecodeChunk(General(COMPRESSION_ALGORITHM_ZSTD, Flat(8)), FixedShape(8), {zstd}, 1000);
  EXPECT_EQ(CorruptOf([&] { DecodeChunk(General(COMPRESSION_ALGORITHM_ZSTD, Flat(8)), FixedShape(8), {zstd}, 999); }),
            "general: zstd claims 1000 raw bytes, at most 999 are possible");
  zstd[4] = 1;
  EXPECT_THAT(CorruptOf([&] { DecodeChunk(General(COMPRESSION_ALGORITHM_ZSTD, Variable(4)), VariableShape(4), {zstd}, 999); }),
              ::testing::HasSubstr("claims 4294968296 raw bytes"));
  zstd[4] = 0;
  DecodeChunk(General(COMPRESSION_ALGORITHM_ZSTD, Flat(8)), FixedShape(8), {{zstd.begin() + 8, zstd.end()}}, 1000);  // bare frame
  EXPECT_EQ(CorruptOf([&] {
              DecodeChunk(General(COMPRESSION_ALGORITHM_ZSTD, General(COMPRESSION_ALGORITHM_ZSTD, Flat(8))), FixedShape(8), {zstd}, 1);
            }),
            "general: directly within general");
}

TEST(EncodingTest, UnknownAndMisplacedEncodingsAreNamed) {
  EXPECT_EQ(ErrorOf(ErrorKind::kUnsupported, [] { MakeMiniBlockDecompressor(CompressiveEncoding(), FixedShape(8)); }),
            "encoding: a value encoding that this version does not know");
  EXPECT_EQ(CorruptOf([] { MakePerValueDecompressor(Rle(8), FixedShape(8)); }), "rle: the format does not use it for full-zip values");
  EXPECT_EQ(CorruptOf([] { MakeLevelDecompressor(Variable(4)); }), "variable: the format does not use it for levels");
  EXPECT_EQ(CorruptOf([] { MakeLevelDecompressor(Flat(32)); }), "flat: levels of 32 bits, they have 16");
  CompressiveEncoding deep = Flat(8);
  for (int i = 0; i < 20; ++i) {
    CompressiveEncoding list;
    list.mutable_fixed_size_list()->set_items_per_value(1);
    *list.mutable_fixed_size_list()->mutable_values() = std::move(deep);
    deep = std::move(list);
  }
  ValueShape shape = FixedShape(8);
  shape.dimensions.assign(20, 1);
  EXPECT_EQ(CorruptOf([&] { MakeMiniBlockDecompressor(deep, shape); }), "encoding: nested more than 12 deep");
}

TEST(ConstantTest, AllLevelsAreTheValueOfTheEncoding) {
  CompressiveEncoding encoding;
  encoding.mutable_constant()->set_value(std::string("\2\0", 2));
  const auto levels = MakeLevelDecompressor(encoding);
  std::vector<uint16_t> out(70);
  levels->Decode({}, out);
  EXPECT_EQ(out, std::vector<uint16_t>(70, 2));
  EXPECT_EQ(levels->At({}, 70, 3), 2);
  uint64_t mask[2];
  levels->MaskEqual({}, 70, 2, mask);
  EXPECT_EQ(mask[0], ~uint64_t{0});
  EXPECT_EQ(mask[1], 63u);
}

TEST(PackedRowTest, TakesRowsOfFixedAndVariableFieldsApart) {
  CompressiveEncoding encoding;
  auto* a = encoding.mutable_variable_packed_struct()->add_fields();
  *a->mutable_value() = Flat(16);
  a->set_bits_per_value(16);
  auto* b = encoding.mutable_variable_packed_struct()->add_fields();
  *b->mutable_value() = Variable(4);
  b->set_bits_per_length(32);
  ValueShape shape;
  shape.kind = ValueShape::Kind::kPacked;
  shape.fields = {FixedShape(16), VariableShape(4)};
  const auto rows = MakePerValueDecompressor(encoding, shape);
  DecodedValues columns(shape);
  const std::vector<uint8_t> row{1, 2, 3, 0, 0, 0, 'x', 'y', 'z'};
  columns.AppendEmpty(1);
  rows->AppendValue(row, columns);
  EXPECT_EQ(columns.num_values, 2u);
  EXPECT_EQ(LoadLe<uint16_t>(columns.fields[0].data.data() + 2), 0x0201);
  EXPECT_EQ(std::string(columns.fields[1].data.as<char>(), 3), "xyz");
  EXPECT_EQ(CorruptOf([&] { rows->AppendValue(ByteSpan(row).first(8), columns); }),
            "variable_packed_struct: field: bytes [6, +3) of a buffer of 8");
  const std::vector<uint8_t> longer{1, 2, 0, 0, 0, 0, 5};
  EXPECT_EQ(CorruptOf([&] { rows->AppendValue(longer, columns); }), "variable_packed_struct: fields end at 6, the row has 7 bytes");
}

TEST(DecodedValuesTest, ElementValidityStartsWhereTheFirstNullMayBe) {
  ValueShape shape = FixedShape(32);
  shape.dimensions = {2};
  DecodedValues values(shape);
  values.AppendEmpty(3);
  EXPECT_EQ(values.fsl_validity[0].size(), 0u);
  const uint8_t bits = 0b01;
  values.AppendElementValidity(0, &bits, 0, 1);
  std::memset(values.ExtendFixed(1), 0, 4);
  EXPECT_EQ(values.fsl_validity[0].size(), 8u);
  EXPECT_EQ(values.fsl_validity[0].data()[0], 0b01111111);
  values.AppendEmpty(1);
  EXPECT_EQ(values.fsl_validity[0].size(), 10u);
}

}  // namespace
}  // namespace eider::codec
