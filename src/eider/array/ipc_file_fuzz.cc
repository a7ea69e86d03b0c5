// Any bytes either throw kCorrupt or kUnsupported, or decode to a batch that survives a rewrite.
#include <cstdlib>

#include "eider/array/equal.h"
#include "eider/array/ipc_file.h"
#include "eider/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const eider::RecordBatch batch = eider::ReadIpcFile({data, size});
    const eider::RecordBatch again = eider::ReadIpcFile(eider::WriteIpcFile(batch).span());
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      if (!eider::ArraysEqual(*batch.columns[i], *again.columns[i])) std::abort();
    }
  } catch (const eider::Error&) {
  }
  return 0;
}
