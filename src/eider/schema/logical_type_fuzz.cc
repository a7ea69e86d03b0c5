// Any text is refused, or names a type that is spelled such that it reads back as itself.

#include "eider/base/error.h"
#include "eider/schema/field_path.h"
#include "eider/schema/logical_type.h"
#include "eider/testing/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace eider;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const TypePtr type = ParsePrimitiveType(text);
    TypeToString(*type);
    FixedBitWidth(*type);
    testing::Require(TypesEqual(*ParsePrimitiveType(LogicalTypeOf(*type)), *type));
  } catch (const Error& error) {
    testing::Require(error.kind() == ErrorKind::kCorrupt || error.kind() == ErrorKind::kUnsupported);
  }
  try {
    for (const std::string& segment : SplitFieldPath(text)) testing::Require(segment.size() <= size);
  } catch (const Error& error) {
    testing::Require(error.kind() == ErrorKind::kInvalid);
  }
  return 0;
}
