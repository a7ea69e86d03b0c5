// Any text is a tag or a branch, or refused as corrupt; what is one is the same after it was written.

#include "eider/base/error.h"
#include "eider/table/ref_file.h"
#include "eider/testing/fuzz_input.h"

namespace {

using eider::testing::Require;

template <typename Body>
void TryDecoding(Body&& body) {
  try {
    body();
  } catch (const eider::Error& error) {
    Require(error.kind() == eider::ErrorKind::kCorrupt);
  }
}

void CheckName(std::string_view name) {
  try {
    eider::table::CheckBranchName(name);
  } catch (const eider::Error& error) {
    Require(error.kind() == eider::ErrorKind::kInvalid);
    return;
  }
  Require(eider::table::NameOfRefFile(eider::table::RefFileName(name)) == name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  TryDecoding([&] {
    const std::string once = eider::table::EncodeTagFile(eider::table::DecodeTagFile(text));
    Require(eider::table::EncodeTagFile(eider::table::DecodeTagFile(once)) == once);
  });
  TryDecoding([&] {
    const std::string once = eider::table::EncodeBranchFile(eider::table::DecodeBranchFile(text));
    Require(eider::table::EncodeBranchFile(eider::table::DecodeBranchFile(once)) == once);
  });
  CheckName(text);
  eider::table::NameOfRefFile(text);
  return 0;
}
