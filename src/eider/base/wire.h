#pragma once
/// \file
/// Walks the fields of a serialized protobuf message without decoding them, so that big manifests and column
/// metadata need not be parsed whole.

#include "eider/base/bytes.h"

namespace eider {

inline constexpr uint32_t kWireVarint = 0, kWireFixed64 = 1, kWireBytes = 2, kWireFixed32 = 5;

/// One field of a message: its number, wire type, its value or content, its bytes as written (tag included).
struct WireField {
  uint32_t number = 0;
  uint32_t wire_type = 0;
  uint64_t varint = 0;  ///< of wire type 0
  ByteSpan whole;
  ByteSpan content;
};

/// Reads the field at `*at`, and moves behind it. \throws Error(kCorrupt) naming `what`
WireField TakeWireField(ByteSpan message, uint64_t* at, const char* what);

/// Calls `visit` for each field, in order; it returns false to stop. \throws Error(kCorrupt) naming `what`.
template <typename Visit>
void VisitWireFields(ByteSpan message, const char* what, Visit&& visit) {
  for (uint64_t at = 0; at < message.size();) {
    if (!visit(TakeWireField(message, &at, what))) return;
  }
}

/// Appends field `number` of wire type 2 with this content.
void AppendWireBytes(uint32_t number, ByteSpan content, std::string* out);

}  // namespace eider
