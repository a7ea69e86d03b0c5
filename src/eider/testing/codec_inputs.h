#pragma once
/// \file
/// What the fuzz targets of codecs share: an input cut into an encoding, its buffers and a number of values, decoded in any context
/// of the format. Either the bytes are refused with an Error that a caller may act on, or exactly the values asked for come out, in
/// buffers of the right size.
///
///     | u8 context | u8 shape | u8 option | u16 values & 0x3FFF | what MakeEncoding takes | u16 bytes | buffer 1 | .. | buffer 0 |

#include "eider/base/error.h"
#include "eider/codec/codec.h"
#include "eider/codec/flat.h"
#include "eider/codec/variable.h"
#include "eider/testing/fuzz_input.h"
#include "fuzz/input_bounds.h"

namespace eider::testing {

using codec::CompressiveEncoding;
using codec::DecodedValues;
using codec::ValueShape;

/// Fixed widths, a bit, odd widths, lists of lists, and variable values.
inline ValueShape ShapeOf(uint8_t choice) {
  static constexpr uint64_t kBits[] = {8, 16, 32, 64, 1, 128, 96, 24};
  ValueShape shape;
  if (choice % 11 < 8) {
    shape.bits_per_value = kBits[choice % 11];
  } else if (choice % 11 == 8) {
    shape.dimensions = {3, 2};
    shape.bits_per_value = 6 * 16;
  } else {
    shape.kind = ValueShape::Kind::kVariable;
    shape.offset_bytes = choice % 11 == 9 ? 4 : 8;
  }
  return shape;
}

/// The plain encoding of a shape without dimensions.
inline void SetPlain(uint8_t option, const ValueShape& shape, CompressiveEncoding* encoding) {
  if (shape.kind == ValueShape::Kind::kVariable) {
    codec::SetVariable(option & 8 ? 4 : 8, encoding);
  } else {
    codec::SetFlat(shape.bits_per_value, encoding);
  }
}

inline void RequireValues(DecodedValues& out, uint64_t expected) {
  Require(out.num_values == expected);
  for (DecodedValues& field : out.fields) RequireValues(field, expected);
  if (out.shape.kind == ValueShape::Kind::kVariable) {
    const uint8_t width = out.shape.offset_bytes;
    Require(out.offsets.size() == (expected + 1) * width);
    uint64_t before = 0;
    for (const uint8_t* at = out.offsets.data(); at != out.offsets.data() + out.offsets.size(); at += width) {
      const uint64_t offset = width == 4 ? LoadLe<uint32_t>(at) : LoadLe<uint64_t>(at);
      Require(offset >= before && offset <= out.data.size());
      before = offset;
    }
    Require(before == out.data.size());
  } else if (out.is_bits()) {
    Require(out.bits.size() == expected * out.shape.bits_per_value);
  } else {
    Require(out.data.size() == expected * out.shape.bits_per_value / 8);
  }
  for (size_t k = 0; k < out.fsl_validity.size(); ++k) {
    Require(out.fsl_validity[k].size() == 0 || out.fsl_validity[k].size() == expected * out.ElementsPerValue(k));
  }
}

inline void RunMiniBlock(const CompressiveEncoding& encoding, const ValueShape& shape, uint32_t n, Input& input) {
  const auto decompressor = codec::MakeMiniBlockDecompressor(encoding, shape);
  std::vector<ByteSpan> buffers;
  for (uint32_t b = 1; b < decompressor->num_buffers(); ++b) buffers.push_back(input.Take(input.U16()));
  buffers.push_back(input.Rest());
  const uint64_t first = n / 3;
  DecodedValues out(shape);
  decompressor->AppendRange(buffers, n, first, n - first, out);
  RequireValues(out, n - first);
  if (n == 0) return;
  const std::vector<uint32_t> few = {n - 1, 0, n / 2}, many(n / 2 + 1, n - 1);
  decompressor->AppendAt(buffers, n, few, out);
  if (shape.kind == ValueShape::Kind::kVariable) fuzz::AllowOutput(2 * many.size() * buffers.back().size());
  decompressor->AppendAt(buffers, n, many, out);
  RequireValues(out, n - first + few.size() + many.size());
}

inline void RunLevels(const CompressiveEncoding& encoding, uint32_t n, ByteSpan block) {
  const auto decompressor = codec::MakeLevelDecompressor(encoding);
  std::vector<uint16_t> levels(n);
  decompressor->Decode(block, levels);
  if (n == 0) return;
  Require(decompressor->At(block, n, n / 2) == levels[n / 2]);
  std::vector<uint64_t> mask((n + 63) / 64 + 1);
  decompressor->MaskEqual(block, n, levels[0], mask.data());
  for (uint32_t i = 0; i < n; ++i) Require(GetBit(reinterpret_cast<const uint8_t*>(mask.data()), i) == (levels[i] == levels[0]));
  const uint16_t limit = levels[n - 1] % 8;
  decompressor->MaskAtMost(block, n, limit, mask.data());
  for (uint32_t i = 0; i < n; ++i) Require(GetBit(reinterpret_cast<const uint8_t*>(mask.data()), i) == (levels[i] <= limit));
  std::vector<uint16_t> part(n - n / 3);
  decompressor->Extract(block, n, n / 3, part);
  Require(std::equal(part.begin(), part.end(), levels.begin() + n / 3));
}

/// A packed struct of an integer, values of `shape`, and a packed struct of those.
inline ValueShape PackedOf(const ValueShape& shape, bool nested = true) {
  ValueShape rows;
  rows.kind = ValueShape::Kind::kPacked;
  rows.fields = {ShapeOf(2), shape};
  if (nested) rows.fields.push_back(PackedOf(shape, false));
  return rows;
}

inline CompressiveEncoding PackedEncodingOf(const CompressiveEncoding& inner, const ValueShape& rows) {
  CompressiveEncoding encoding;
  for (const ValueShape& shape : rows.fields) {
    auto* field = encoding.mutable_variable_packed_struct()->add_fields();
    if (shape.kind == ValueShape::Kind::kPacked) {
      *field->mutable_value() = PackedEncodingOf(inner, shape);
    } else if (encoding.variable_packed_struct().fields_size() == 1) {
      codec::SetFlat(shape.bits_per_value, field->mutable_value());
    } else {
      *field->mutable_value() = inner;
    }
    if (shape.kind == ValueShape::Kind::kFixed) {
      field->set_bits_per_value(shape.bits_per_value);
    } else {
      field->set_bits_per_length(32);
    }
  }
  return encoding;
}

inline void RunPackedRow(const CompressiveEncoding& encoding, const ValueShape& shape, ByteSpan row) {
  const ValueShape rows = PackedOf(shape);
  DecodedValues columns(rows);
  codec::MakePerValueDecompressor(PackedEncodingOf(encoding, rows), rows)->AppendValue(row, columns);
  RequireValues(columns, 1);
}

inline void RunContext(uint8_t context, const CompressiveEncoding& encoding, const ValueShape& shape, uint32_t n, Input& input) {
  DecodedValues out(shape);
  switch (context % 5) {
    case 0: return RunMiniBlock(encoding, shape, n, input);
    case 1: return RunLevels(encoding, n, input.Rest());
    case 2: codec::MakeBlockDecompressor(encoding, shape)->AppendBlock(input.Rest(), n, out); return RequireValues(out, n);
    case 3: {
      const auto decompressor = codec::MakePerValueDecompressor(encoding, shape);
      decompressor->AppendValue(input.Take(input.U16()), out);
      decompressor->AppendValue(input.Rest(), out);
      return RequireValues(out, 2);
    }
    default: return RunPackedRow(encoding, shape, input.Rest());
  }
}

/// The encoding under test, with what it needs beside the buffers taken from `input`.
using MakeEncoding = CompressiveEncoding (*)(uint8_t option, const ValueShape& shape, Input& input);

inline int RunCodec(ByteSpan bytes, MakeEncoding make) {
  try {
    Input input(bytes);
    const uint8_t context = input.Byte();
    const ValueShape shape = ShapeOf(input.Byte());
    const uint8_t option = input.Byte();
    const uint32_t n = input.U16() & 0x3FFF;
    fuzz::AllowOutput(4 * n * (shape.kind == ValueShape::Kind::kVariable ? shape.offset_bytes : shape.bits_per_value / 8 + 1));
    const CompressiveEncoding encoding = make(option, shape, input);
    codec::DescribeEncoding(encoding);
    RunContext(context, encoding, shape, n, input);
  } catch (const Error& error) {
    const ErrorKind kind = error.kind();
    if (kind != ErrorKind::kCorrupt && kind != ErrorKind::kUnsupported && kind != ErrorKind::kInvalid) throw;
  }
  return 0;
}

}  // namespace eider::testing
