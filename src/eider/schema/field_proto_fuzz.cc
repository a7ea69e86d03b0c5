// Any Schema message is refused with kCorrupt, or becomes a schema that is written as it was read; and one that has an Arrow form
// comes back from it.

#include <eider/schema.h>

#include "eider/base/error.h"
#include "eider/schema/field_proto.h"
#include "eider/testing/fuzz_input.h"

namespace {

using eider::LanceSchema;

void Run(const ::lance::file::Schema& message) {
  const LanceSchema schema = eider::SchemaFromProto(message.fields(), message.metadata());
  ::lance::file::Schema written;
  eider::SchemaToProto(schema, written.mutable_fields(), written.mutable_metadata());
  const LanceSchema again = eider::SchemaFromProto(written.fields(), written.metadata());
  eider::testing::Require(again.fields.size() == schema.fields.size() && again.MaxId() == schema.MaxId());
  if (!schema.fields.empty()) schema.FindPath(schema.fields.back().name);
  const eider::Schema arrow = ToArrowSchema(schema);
  const eider::Schema back = ToArrowSchema(eider::ToLanceSchema(arrow));
  eider::testing::Require(arrow.fields.size() == back.fields.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ::lance::file::Schema message;
  if (!message.ParseFromArray(data, static_cast<int>(size))) return 0;
  try {
    Run(message);
  } catch (const eider::Error& error) {
    const auto kind = error.kind();
    eider::testing::Require(kind == eider::ErrorKind::kCorrupt || kind == eider::ErrorKind::kUnsupported || kind == eider::ErrorKind::kInvalid);
  }
  return 0;
}
