// Mini-block pages: chunk tables, levels, dictionaries.

#include "eider/testing/page_inputs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return eider::testing::RunPageInput({data, size}, [](eider::ByteSpan bytes) { return eider::testing::LayoutOfKind(1, bytes); });
}
