// Rows of fields of fixed and of variable width.

#include "eider/testing/codec_inputs.h"

namespace eider::testing {
namespace {

CompressiveEncoding Make(uint8_t option, const ValueShape& shape, Input& input) {
  CompressiveEncoding encoding;
  if (option & 1) {
    for (int fields = option / 2 % 4; fields > 0; --fields) encoding.mutable_packed_struct()->add_bits_per_value(input.U16());
    codec::SetFlat(shape.bits_per_value, encoding.mutable_packed_struct()->mutable_values());
    return encoding;
  }
  for (int fields = option / 2 % 4; fields > 0; --fields) {
    auto* field = encoding.mutable_variable_packed_struct()->add_fields();
    SetPlain(option, shape, field->mutable_value());
    if (shape.kind == ValueShape::Kind::kVariable) {
      field->set_bits_per_length(option & 16 ? 32 : 64);
    } else {
      field->set_bits_per_value(option & 32 ? input.U16() : shape.bits_per_value);
    }
  }
  return encoding;
}

}  // namespace
}  // namespace eider::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return eider::testing::RunCodec({data, size}, eider::testing::Make);
}
