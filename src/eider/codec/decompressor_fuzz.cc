// Any tree of encodings over any buffers.

#include "eider/testing/codec_inputs.h"

namespace eider::testing {
namespace {

CompressiveEncoding Make(uint8_t, const ValueShape&, Input& input) {
  CompressiveEncoding encoding;
  const ByteSpan message = input.Take(input.U16());
  if (!encoding.ParseFromArray(message.data(), static_cast<int>(message.size()))) encoding.Clear();
  return encoding;
}

}  // namespace
}  // namespace eider::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return eider::testing::RunCodec({data, size}, eider::testing::Make);
}
