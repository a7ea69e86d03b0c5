// Flat values, variable values, constant levels.

#include "eider/testing/codec_inputs.h"

namespace eider::testing {
namespace {

CompressiveEncoding Make(uint8_t option, const ValueShape& shape, Input& input) {
  CompressiveEncoding encoding;
  if (option & 1) {
    const ByteSpan value = input.Take(option / 2 % 4);
    encoding.mutable_constant()->set_value(value.data(), value.size());
  } else {
    SetPlain(option, shape, &encoding);
  }
  return encoding;
}

}  // namespace
}  // namespace eider::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return eider::testing::RunCodec({data, size}, eider::testing::Make);
}
