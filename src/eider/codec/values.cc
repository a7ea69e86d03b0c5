#include "eider/codec/values.h"

#include <limits>

namespace eider::codec {

DecodedValues::DecodedValues(ValueShape value_shape) : shape(std::move(value_shape)), fsl_validity(shape.dimensions.size()) {
  for (const ValueShape& field : shape.fields) fields.emplace_back(field);
  if (shape.kind != ValueShape::Kind::kVariable) return;
  EIDER_ASSERT(shape.offset_bytes == 4 || shape.offset_bytes == 8);
  shape.offset_bytes == 4 ? offsets.AppendValue<uint32_t>(0) : offsets.AppendValue<uint64_t>(0);
}

void DecodedValues::CheckOffset(uint64_t end) const {
  if (shape.offset_bytes == 4 && end > static_cast<uint64_t>(std::numeric_limits<int32_t>::max())) {
    throw Invalid("variable-width values: {} bytes in one array need 64-bit offsets", end);
  }
}

void DecodedValues::AppendVariable(ByteSpan value) {
  const uint64_t end = data.size() + value.size();
  CheckOffset(end);
  data.Append(value);
  shape.offset_bytes == 4 ? offsets.AppendValue(static_cast<uint32_t>(end)) : offsets.AppendValue(end);
  ++num_values;
}

uint64_t RoomFor(uint64_t size, double times) {
  constexpr uint64_t kMost = 64 << 20;
  return std::min(static_cast<uint64_t>(static_cast<double>(size) * times) + 8, size + kMost);
}

void DecodedValues::Reserve(const std::function<uint64_t(uint64_t)>& room) {
  data.Reserve(room(data.size()));
  offsets.Reserve(room(offsets.size()));
  bits.Reserve(room(bits.size()));
  for (BitBuilder& validity : fsl_validity) validity.Reserve(room(validity.size()));
  for (DecodedValues& field : fields) field.Reserve(room);
}

void DecodedValues::AppendEmpty(uint64_t n) {
  if (shape.kind == ValueShape::Kind::kVariable) {
    const uint64_t end = data.size();
    for (uint64_t i = 0; i < n; ++i) {
      shape.offset_bytes == 4 ? offsets.AppendValue(static_cast<uint32_t>(end)) : offsets.AppendValue(end);
    }
  } else if (shape.kind == ValueShape::Kind::kPacked) {
    for (DecodedValues& field : fields) field.AppendEmpty(n);
  } else if (is_bits()) {
    bits.AppendFill(n * shape.bits_per_value, false);
  } else {
    data.AppendFill(n * (shape.bits_per_value / 8), 0);
  }
  for (size_t layer = 0; layer < fsl_validity.size(); ++layer) AppendElementsValid(layer, n);
  num_values += n;
}

void DecodedValues::AppendElementValidity(size_t layer, const uint8_t* validity, uint64_t offset, uint64_t n) {
  BitBuilder& builder = fsl_validity[layer];
  const uint64_t per_value = ElementsPerValue(layer);
  if (builder.size() == 0) builder.AppendFill(num_values * per_value, true);
  builder.Append(validity, offset, n * per_value);
}

void DecodedValues::AppendElementsValid(size_t layer, uint64_t n) {
  BitBuilder& builder = fsl_validity[layer];
  if (builder.size() != 0) builder.AppendFill(n * ElementsPerValue(layer), true);
}

uint64_t DecodedValues::ElementsPerValue(size_t layer) const {
  uint64_t product = 1;
  for (size_t i = 0; i <= layer; ++i) product *= shape.dimensions[i];
  return product;
}

}  // namespace eider::codec
