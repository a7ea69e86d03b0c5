// Any bytes either throw kCorrupt or kUnsupported, or decode to a batch that survives a rewrite.
#include <cstdlib>

#include "eider/array/equal.h"
#include "eider/array/ipc_file.h"
#include "eider/base/error.h"
#include "fuzz/input_bounds.h"

namespace {

constexpr eider::IpcFileBounds kBounds{.rows = 4096, .columns = 4};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  eider::fuzz::AllowOutput(6 * 8 * kBounds.rows * kBounds.columns);
  try {
    const eider::RecordBatch batch = eider::ReadIpcFile({data, size}, kBounds);
    const eider::RecordBatch again = eider::ReadIpcFile(eider::WriteIpcFile(batch).span());
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      if (!eider::ArraysEqual(*batch.columns[i], *again.columns[i])) std::abort();
    }
  } catch (const eider::Error&) {
  }
  return 0;
}
