// Any bytes either throw kCorrupt, or hold runs that ascend and do not touch what was before them.

#include "eider/base/error.h"
#include "eider/rows/portable_roaring.h"
#include "eider/testing/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    uint64_t end = 0;
    eider::rows::VisitPortableRoaring({data, size}, [&end](uint32_t first, uint32_t count) {
      eider::testing::Require(first >= end && count > 0 && uint64_t{first} + count <= uint64_t{1} << 32);
      end = uint64_t{first} + count;
    });
  } catch (const eider::Error& error) {
    eider::testing::Require(error.kind() == eider::ErrorKind::kCorrupt);
  }
  return 0;
}
