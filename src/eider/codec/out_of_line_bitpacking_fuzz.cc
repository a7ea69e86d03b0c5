// One width for the whole buffer, right or wrong.

#include "eider/codec/out_of_line_bitpacking.h"
#include "eider/testing/codec_inputs.h"

namespace eider::testing {
namespace {

CompressiveEncoding Make(uint8_t option, const ValueShape& shape, Input&) {
  CompressiveEncoding encoding;
  codec::SetOutOfLine(shape.bits_per_value, option % 66, &encoding);
  return encoding;
}

}  // namespace
}  // namespace eider::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return eider::testing::RunCodec({data, size}, eider::testing::Make);
}
