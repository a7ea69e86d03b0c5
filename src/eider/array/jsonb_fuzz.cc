// Any bytes either throw, or are JSONB whose text can be stored again; and any text either throws, or comes back as itself once it has
// been stored and shown.
#include "eider/array/jsonb.h"

#include <cstdlib>

#include "eider/base/error.h"

namespace {

using eider::BufferBuilder;

std::string_view Text(const BufferBuilder& bytes) { return {bytes.as<char>(), bytes.size()}; }

void ShowAndStoreAgain(eider::ByteSpan jsonb) {
  BufferBuilder shown, stored, again;
  eider::AppendJsonText(jsonb, shown);
  try {
    eider::AppendJsonb(Text(shown), stored);
  } catch (const eider::Error&) {
    return;  // stored objects may repeat a key, which text may not
  }
  eider::AppendJsonText(stored.span(), again);
  BufferBuilder last;
  eider::AppendJsonb(Text(again), last);
  if (Text(last) != Text(stored)) std::abort();
}

template <typename Body>
void Run(Body&& body) {
  try {
    body();
  } catch (const eider::Error& error) {
    const auto kind = error.kind();
    if (kind != eider::ErrorKind::kCorrupt && kind != eider::ErrorKind::kUnsupported && kind != eider::ErrorKind::kInvalid) throw;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run([&] { ShowAndStoreAgain({data, size}); });
  Run([&] {
    BufferBuilder stored;
    eider::AppendJsonb({reinterpret_cast<const char*>(data), size}, stored);
    ShowAndStoreAgain(stored.span());
  });
  return 0;
}
