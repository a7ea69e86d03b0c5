// Any bytes either throw kCorrupt, or parse to versions of rows that survive a rewrite.
#include <cstdlib>

#include "eider/base/error.h"
#include "eider/rows/row_versions.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using eider::rows::RowVersions;
  constexpr uint64_t kMaxRows = 1 << 16;
  try {
    const RowVersions versions = RowVersions::Parse({data, size}, kMaxRows);
    const std::string bytes = versions.Serialize();
    const RowVersions again = RowVersions::Parse(eider::SpanOf(bytes), kMaxRows);
    if (again.size() != versions.size()) std::abort();
    std::vector<uint64_t> before(versions.size()), after(versions.size());
    versions.Read(0, before.size(), before.data());
    again.Read(0, after.size(), after.data());
    if (before != after) std::abort();
  } catch (const eider::Error& error) {
    if (error.kind() != eider::ErrorKind::kCorrupt) std::abort();
  }
  return 0;
}
