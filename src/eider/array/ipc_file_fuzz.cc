// Any bytes either throw kCorrupt or kUnsupported, or decode to a batch that survives a rewrite.
#include <cstdlib>

#include "eider/array/equal.h"
#include "eider/array/ipc_file.h"
#include "eider/base/error.h"
#include "eider/testing/walk_array.h"
#include "fuzz/input_bounds.h"

namespace {

constexpr eider::IpcFileBounds kBounds{.rows = 4096, .columns = 4, .text_bytes = 64 << 10};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  eider::fuzz::AllowOutput(6 * (32 * kBounds.rows * kBounds.columns + kBounds.text_bytes));
  try {
    const eider::RecordBatch batch = eider::ReadIpcFile({data, size}, kBounds);
    for (const eider::ArrayPtr& column : batch.columns) eider::testing::WalkArray(*column);
    const eider::RecordBatch again = eider::ReadIpcFile(eider::WriteIpcFile(batch).span());
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      if (!eider::ArraysEqual(*batch.columns[i], *again.columns[i])) std::abort();
    }
  } catch (const eider::Error&) {
  }
  return 0;
}
