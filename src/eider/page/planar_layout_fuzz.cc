// Any bytes either are refused, or become a layout of version 2.2 that is parsed and described like any other.
#include "eider/base/error.h"
#include "eider/page/page_decoder.h"
#include "eider/page/planar_layout.h"
#include "eider/testing/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view layout(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    const std::string page = eider::page::TranslatePlanarLayout(layout, data[0] % 4);
    eider::testing::Require(eider::page::DescribeLayout(page) != "unknown");
  } catch (const eider::Error& error) {
    const eider::ErrorKind kind = error.kind();
    eider::testing::Require(kind == eider::ErrorKind::kCorrupt || kind == eider::ErrorKind::kUnsupported);
  }
  return 0;
}
