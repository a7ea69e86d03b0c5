#include "eider/codec/packed_struct.h"

#include <fmt/format.h>

#include "eider/codec/flat.h"

namespace eider::codec {
namespace {

using ::lance::encodings21::VariablePackedStruct;
using FieldEncoding = VariablePackedStruct::FieldEncoding;

class PackedRow final : public PerValueDecompressor {
 public:
  struct Field {
    std::unique_ptr<PerValueDecompressor> values;
    uint32_t length_bytes;  ///< 0: fixed width
    uint64_t stored_bytes;  ///< fixed width, validity prefix included
  };
  explicit PackedRow(std::vector<Field> fields) : fields_(std::move(fields)) {}

  uint64_t stored_bytes() const override { return 0; }
  bool is_plain() const override { return false; }
  void AppendValue(ByteSpan row, DecodedValues& out) const override {
    uint64_t at = 0;
    for (size_t k = 0; k < fields_.size(); ++k) {
      const Field& field = fields_[k];
      uint64_t size = field.stored_bytes;
      if (field.length_bytes != 0) {
        size = field.length_bytes == 4 ? ReadLe<uint32_t>(row, at, "variable_packed_struct: length")
                                       : ReadLe<uint64_t>(row, at, "variable_packed_struct: length");
        at += field.length_bytes;
      }
      field.values->AppendValue(CheckedSubspan(row, at, size, "variable_packed_struct: field"), out.fields[k]);
      at += size;
    }
    if (at != row.size()) throw Corrupt("variable_packed_struct: fields end at {}, the row has {} bytes", at, row.size());
    ++out.num_values;
  }

 private:
  const std::vector<Field> fields_;
};

PackedRow::Field FieldOf(const FieldEncoding& message, const ValueShape& shape, int depth) {
  PackedRow::Field field{MakePerValue(message.value(), shape, depth), 0, 0};
  if (message.has_bits_per_length()) {
    const uint64_t bits = message.bits_per_length();
    if (bits != 32 && bits != 64) throw Corrupt("variable_packed_struct: lengths of {} bits", bits);
    if (shape.kind == ValueShape::Kind::kFixed) throw Corrupt("variable_packed_struct: a length before a fixed-width field");
    field.length_bytes = static_cast<uint32_t>(bits / 8);
    return field;
  }
  if (shape.kind != ValueShape::Kind::kFixed) throw Corrupt("variable_packed_struct: a variable-width field without length");
  field.stored_bytes = field.values->stored_bytes() + field.values->validity_prefix_bytes();
  if (message.bits_per_value() != 8 * field.stored_bytes) {
    throw Corrupt("variable_packed_struct: a field of {} bits stored in {} bytes", message.bits_per_value(), field.stored_bytes);
  }
  return field;
}

uint64_t RowBits(const CompressiveEncoding& encoding) {
  const auto& message = encoding.packed_struct();
  uint64_t sum = 0;
  for (const uint64_t bits : message.bits_per_value()) sum = CheckedAdd(sum, bits, "packed_struct: width");
  const uint64_t bits = FlatBits(message.values(), "packed_struct");
  if (bits != sum) throw Corrupt("packed_struct: fields of {} bits in rows of {}", sum, bits);
  return bits;
}

}  // namespace

std::unique_ptr<MiniBlockDecompressor> MakePackedStructMiniBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int) {
  CheckFixed("packed_struct", shape, RowBits(encoding));
  return MakeFlatMiniBlockOf(shape);
}
std::unique_ptr<PerValueDecompressor> MakePackedStructPerValue(const CompressiveEncoding& encoding, const ValueShape& shape, int) {
  CheckFixed("packed_struct", shape, RowBits(encoding));
  return MakeFlatPerValueOf(shape);
}
void SetPackedStruct(const LeafValues& values, CompressiveEncoding* encoding) {
  auto* message = encoding->mutable_packed_struct();
  for (const uint64_t bits : values.packed_bits) message->add_bits_per_value(bits);
  SetFlat(values.shape.bits_per_value, message->mutable_values());
}
std::string DescribePackedStruct(const CompressiveEncoding& encoding, int) {
  return fmt::format("<{}>", fmt::join(encoding.packed_struct().bits_per_value(), ", "));
}

std::unique_ptr<PerValueDecompressor> MakeVariablePackedStructPerValue(const CompressiveEncoding& encoding,
                                                                       const ValueShape& shape, int depth) {
  if (shape.kind != ValueShape::Kind::kPacked) throw Corrupt("variable_packed_struct: in a column that needs no such rows");
  const auto& fields = encoding.variable_packed_struct().fields();
  if (static_cast<size_t>(fields.size()) != shape.fields.size()) {
    throw Corrupt("variable_packed_struct: {} fields, the column has {}", fields.size(), shape.fields.size());
  }
  std::vector<PackedRow::Field> rows;
  for (size_t k = 0; k < shape.fields.size(); ++k) rows.push_back(FieldOf(fields[static_cast<int>(k)], shape.fields[k], depth + 1));
  return std::make_unique<PackedRow>(std::move(rows));
}
std::string DescribeVariablePackedStruct(const CompressiveEncoding& encoding, int depth) {
  std::string fields;
  for (const FieldEncoding& field : encoding.variable_packed_struct().fields()) {
    fields += (fields.empty() ? "" : ", ") + Describe(field.value(), depth + 1);
  }
  return "(" + fields + ")";
}

void SplitPackedStruct(ByteSpan rows, uint64_t num_rows, std::span<DecodedValues> columns) {
  if (num_rows == 0) return;
  const size_t row_bytes = rows.size() / num_rows;
  size_t field_at = 0;
  for (DecodedValues& column : columns) {
    const size_t width = column.shape.bits_per_value / 8;
    uint8_t* to = column.ExtendFixed(num_rows);
    for (uint64_t row = 0; row < num_rows; ++row) std::memcpy(to + row * width, rows.data() + row * row_bytes + field_at, width);
    field_at += width;
  }
  EIDER_ASSERT(field_at == row_bytes);
}

}  // namespace eider::codec
