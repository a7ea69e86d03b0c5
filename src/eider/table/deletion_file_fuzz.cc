// Any bytes either throw kCorrupt (or name what they need), or decode to a vector whose live rows and deleted rows add up, and
// which survives a rewrite as a bitmap. The first byte chooses the kind of file.
#include <cstdlib>

#include "eider/base/error.h"
#include "eider/table/deletion_file.h"
#include "fuzz/input_bounds.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace eider;
  constexpr uint64_t kRows = 200000;
  if (size == 0) return 0;
  fuzz::AllowOutput(5 * 4 * kRows);  // offsets as they are stored, joined, sorted, and again
  try {
    const auto type = static_cast<::lance::table::DeletionFileType>(data[0] & 1);
    const auto vector = table::DecodeDeletionFile(type, {data + 1, size - 1}, kRows);
    uint64_t live = 0;
    for (const rows::RowRange& range : vector->LiveRanges(0, kRows)) {
      if (vector->PhysicalOffset(live) != range.first) std::abort();
      live += range.count;
    }
    if (live + vector->num_deleted() != kRows) std::abort();
    const std::string bitmap = vector->ToRoaring();
    const ByteSpan bytes(reinterpret_cast<const uint8_t*>(bitmap.data()), bitmap.size());
    if (rows::DeletionVector::FromRoaring(bytes, kRows)->Offsets() != vector->Offsets()) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt && error.kind() != ErrorKind::kUnsupported) std::abort();
  }
  return 0;
}
