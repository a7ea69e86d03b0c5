// Byte k of every value side by side.

#include "eider/testing/codec_inputs.h"

namespace eider::testing {
namespace {

CompressiveEncoding Make(uint8_t, const ValueShape& shape, Input&) {
  CompressiveEncoding encoding;
  codec::SetFlat(shape.bits_per_value, encoding.mutable_byte_stream_split()->mutable_values());
  return encoding;
}

}  // namespace
}  // namespace eider::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return eider::testing::RunCodec({data, size}, eider::testing::Make);
}
