#pragma once
/// \file
/// Walks the fields of a serialized protobuf message without decoding them, so that big manifests and column
/// metadata need not be parsed whole.

#include <functional>

#include "eider/base/bytes.h"

namespace eider {

inline constexpr uint32_t kWireVarint = 0, kWireBytes = 2;

/// One field of a message: its number, wire type, its bytes as written (tag included), the value of a varint and, for wire type 2,
/// its content.
struct WireField {
  uint32_t number = 0;
  uint32_t wire_type = 0;
  ByteSpan whole;
  uint64_t value = 0;
  ByteSpan content;
};

/// Calls `visit` for each field, in order; it returns false to stop. \throws Error(kCorrupt) naming `what`.
void VisitWireFields(ByteSpan message, const char* what, const std::function<bool(const WireField&)>& visit);

/// Appends field `number` of wire type 2 with this content.
void AppendWireBytes(uint32_t number, ByteSpan content, std::string* out);

}  // namespace eider
