// Full-zip pages: control words, repetition index, values of fixed and of variable width.

#include "eider/testing/page_inputs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return eider::testing::RunPageInput({data, size}, [](eider::ByteSpan bytes) { return eider::testing::LayoutOfKind(3, bytes); });
}
