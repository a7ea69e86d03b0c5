// Any encoding over any buffers is refused with kCorrupt or kUnsupported (kInvalid when 32-bit offsets would overflow), or
// yields exactly the values asked for: as many, in buffers of the right size.

#include <cstdlib>

#include "eider/codec/codec.h"
#include "eider/codec/flat.h"
#include "eider/codec/out_of_line_bitpacking.h"
#include "eider/codec/rle.h"
#include "eider/codec/variable.h"

namespace eider::codec {
namespace {

class Input {
 public:
  explicit Input(ByteSpan bytes) : bytes_(bytes) {}
  uint8_t Byte() {
    const ByteSpan b = Take(1);
    return b.empty() ? uint8_t{0} : b[0];
  }
  uint32_t U16() {
    const uint32_t low = Byte();
    return low | uint32_t{Byte()} << 8;
  }
  ByteSpan Take(size_t n) {
    const ByteSpan taken = bytes_.first(std::min(n, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }
  ByteSpan Rest() { return Take(bytes_.size()); }

 private:
  ByteSpan bytes_;
};

ValueShape ShapeOf(uint8_t choice) {
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

// A likely encoding for the shape, so that bytes get past the making; choice 0 parses one from the input.
CompressiveEncoding EncodingOf(uint8_t choice, const ValueShape& shape, Input& input) {
  CompressiveEncoding encoding;
  const uint64_t bits = shape.bits_per_value;
  switch (choice % 7) {
    case 0: {
      const ByteSpan message = input.Take(input.U16());
      if (!encoding.ParseFromArray(message.data(), static_cast<int>(message.size()))) encoding.Clear();
      return encoding;
    }
    case 1: encoding.mutable_inline_bitpacking()->set_uncompressed_bits_per_value(bits); break;
    case 2: SetOutOfLine(bits, 1 + choice / 8 % std::max<uint64_t>(bits, 1), &encoding); break;
    case 3: SetRle(bits, &encoding); break;
    case 4: SetFlat(bits, encoding.mutable_byte_stream_split()->mutable_values()); break;
    default: SetFlat(bits, &encoding); break;
  }
  if (shape.kind == ValueShape::Kind::kVariable) SetVariable(choice & 8 ? 4 : 8, &encoding);
  if (!shape.dimensions.empty()) {
    encoding.Clear();
    auto* outer = encoding.mutable_fixed_size_list();
    outer->set_items_per_value(3);
    outer->set_has_validity(choice & 8);
    auto* inner = outer->mutable_values()->mutable_fixed_size_list();
    inner->set_items_per_value(2);
    inner->set_has_validity(choice & 16);
    SetFlat(16, inner->mutable_values());
  }
  if (choice & 64) {
    CompressiveEncoding general;
    general.mutable_general()->mutable_compression()->set_scheme(static_cast<::lance::encodings21::CompressionScheme>(1 + (choice >> 7)));
    *general.mutable_general()->mutable_values() = std::move(encoding);
    return general;
  }
  return encoding;
}

/// A packed struct of an integer, values of `shape`, and a packed struct of those.
ValueShape PackedOf(const ValueShape& shape, bool nested = true) {
  ValueShape rows;
  rows.kind = ValueShape::Kind::kPacked;
  rows.fields = {ShapeOf(2), shape};
  if (nested) rows.fields.push_back(PackedOf(shape, false));
  return rows;
}

CompressiveEncoding PackedEncodingOf(const CompressiveEncoding& inner, const ValueShape& rows) {
  CompressiveEncoding encoding;
  for (const ValueShape& shape : rows.fields) {
    auto* field = encoding.mutable_variable_packed_struct()->add_fields();
    const bool first = encoding.variable_packed_struct().fields_size() == 1;
    if (shape.kind == ValueShape::Kind::kPacked) *field->mutable_value() = PackedEncodingOf(inner, shape);
    else if (first) field->mutable_value()->mutable_flat()->set_bits_per_value(shape.bits_per_value);
    else *field->mutable_value() = inner;
    if (shape.kind == ValueShape::Kind::kFixed) field->set_bits_per_value(shape.bits_per_value);
    else field->set_bits_per_length(32);
  }
  return encoding;
}

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckValues(DecodedValues& out, uint64_t expected) {
  Check(out.num_values == expected);
  for (DecodedValues& field : out.fields) CheckValues(field, expected);
  if (out.shape.kind == ValueShape::Kind::kVariable) {
    Check(out.offsets.size() == (expected + 1) * out.shape.offset_bytes);
    uint64_t before = 0;
    for (uint64_t i = 0; i <= expected; ++i) {
      const uint64_t offset = out.shape.offset_bytes == 4 ? LoadLe<uint32_t>(out.offsets.data() + 4 * i) : LoadLe<uint64_t>(out.offsets.data() + 8 * i);
      Check(offset >= before && offset <= out.data.size());
      before = offset;
    }
    Check(before == out.data.size());
  } else if (out.is_bits()) {
    Check(out.bits.size() == expected * out.shape.bits_per_value);
  } else {  // packed values have no bytes of their own
    Check(out.data.size() == expected * out.shape.bits_per_value / 8);
  }
  for (size_t k = 0; k < out.fsl_validity.size(); ++k) {
    Check(out.fsl_validity[k].size() == 0 || out.fsl_validity[k].size() == expected * out.ElementsPerValue(k));
  }
}

void RunMiniBlock(const CompressiveEncoding& encoding, const ValueShape& shape, uint32_t n, Input& input) {
  const auto decompressor = MakeMiniBlockDecompressor(encoding, shape);
  std::vector<ByteSpan> buffers;
  for (uint32_t b = 1; b < decompressor->num_buffers(); ++b) buffers.push_back(input.Take(input.U16()));
  buffers.push_back(input.Rest());
  const uint64_t first = n == 0 ? 0 : n / 3;
  DecodedValues out(shape);
  decompressor->AppendRange(buffers, n, first, n - first, out);
  CheckValues(out, n - first);
  if (n == 0) return;
  decompressor->AppendAt(buffers, n, std::vector<uint32_t>{n - 1, 0, n / 2}, out);
  std::vector<uint32_t> many(n / 2 + 1, n - 1);
  decompressor->AppendAt(buffers, n, many, out);
  CheckValues(out, n - first + 3 + many.size());
}

void RunLevels(const CompressiveEncoding& encoding, uint32_t n, ByteSpan block) {
  const auto decompressor = MakeLevelDecompressor(encoding);
  std::vector<uint16_t> levels(n);
  decompressor->Decode(block, levels);
  std::vector<uint64_t> mask((n + 63) / 64 + 1);
  if (n == 0) return;
  Check(decompressor->At(block, n, n / 2) == levels[n / 2]);
  decompressor->MaskEqual(block, n, levels[0], mask.data());
  for (uint32_t i = 0; i < n; ++i) Check(GetBit(reinterpret_cast<const uint8_t*>(mask.data()), i) == (levels[i] == levels[0]));
  const uint16_t limit = levels[n - 1] % 8;
  decompressor->MaskAtMost(block, n, limit, mask.data());
  for (uint32_t i = 0; i < n; ++i) Check(GetBit(reinterpret_cast<const uint8_t*>(mask.data()), i) == (levels[i] <= limit));
  std::vector<uint16_t> part(n - n / 3);
  decompressor->Extract(block, n, n / 3, part);
  Check(std::equal(part.begin(), part.end(), levels.begin() + n / 3));
}

void Run(Input input) {
  const uint8_t context = input.Byte();
  const ValueShape shape = ShapeOf(input.Byte());
  const uint8_t choice = input.Byte();
  const uint32_t n = input.U16() & 0x3FFF;
  const CompressiveEncoding encoding = EncodingOf(choice, shape, input);
  DescribeEncoding(encoding);
  DecodedValues out(shape);
  switch (context % 5) {
    case 0: return RunMiniBlock(encoding, shape, n, input);
    case 1: return RunLevels(encoding, n, input.Rest());
    case 2: {
      MakeBlockDecompressor(encoding, shape)->AppendBlock(input.Rest(), n, out);
      return CheckValues(out, n);
    }
    case 3: {
      const auto decompressor = MakePerValueDecompressor(encoding, shape);
      decompressor->AppendValue(input.Take(input.U16()), out);
      decompressor->AppendValue(input.Rest(), out);
      return CheckValues(out, 2);
    }
    default: {
      const ValueShape rows = PackedOf(shape);
      DecodedValues columns(rows);
      MakePerValueDecompressor(PackedEncodingOf(encoding, rows), rows)->AppendValue(input.Rest(), columns);
      return CheckValues(columns, 1);
    }
  }
}

}  // namespace
}  // namespace eider::codec

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    eider::codec::Run(eider::codec::Input({data, size}));
  } catch (const eider::Error& error) {
    const auto kind = error.kind();
    if (kind != eider::ErrorKind::kCorrupt && kind != eider::ErrorKind::kUnsupported && kind != eider::ErrorKind::kInvalid) throw;
  }
  return 0;
}
