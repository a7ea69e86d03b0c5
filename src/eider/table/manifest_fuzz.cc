// Any bytes either throw kCorrupt (or name what they need), or parse to a manifest whose parts can all be read and written again.
#include <cstdlib>

#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/table/manifest.h"

namespace {

void ReadEverything(const eider::table::Manifest& manifest) {
  eider::table::ManifestDraft draft;
  draft.head = manifest.head();
  for (size_t i = 0; i < manifest.num_fragments(); ++i) {
    manifest.fragment(i).FindField(0);
    draft.fragments.push_back(manifest.fragment_bytes(i));
  }
  draft.index_section = manifest.index_section();
  const eider::ByteSpan transaction = manifest.inline_transaction();
  draft.transaction.assign(transaction.begin(), transaction.end());
  manifest.timestamp_ns();
  manifest.FindFragment(1);
  const std::string file = eider::table::SerializeManifest(draft);
  const eider::Buffer bytes = eider::CopyToBuffer({reinterpret_cast<const uint8_t*>(file.data()), file.size()});
  const auto again = eider::table::Manifest::Parse(bytes);
  if (again->num_fragments() != manifest.num_fragments() || again->version() != manifest.version()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto manifest = eider::table::Manifest::Parse(eider::CopyToBuffer({data, size}));
    try {
      ToArrowSchema(manifest->schema());
    } catch (const eider::Error&) {
    }
    ReadEverything(*manifest);
  } catch (const eider::Error& error) {
    if (error.kind() != eider::ErrorKind::kCorrupt && error.kind() != eider::ErrorKind::kUnsupported) std::abort();
  }
  return 0;
}
