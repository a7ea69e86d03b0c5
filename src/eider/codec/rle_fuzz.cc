// Runs that do not add up to the values, too few of them, too many.

#include "eider/codec/rle.h"
#include "eider/testing/codec_inputs.h"

namespace eider::testing {
namespace {

CompressiveEncoding Make(uint8_t, const ValueShape& shape, Input&) {
  CompressiveEncoding encoding;
  codec::SetRle(shape.bits_per_value, &encoding);
  return encoding;
}

}  // namespace
}  // namespace eider::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return eider::testing::RunCodec({data, size}, eider::testing::Make);
}
