#pragma once
/// \file
/// Walks the fields of a serialized protobuf message without decoding them, so that big manifests and column
/// metadata need not be parsed whole.

#include <functional>

#include "eider/base/bytes.h"

namespace eider {

inline constexpr uint32_t kWireVarint = 0, kWireBytes = 2;

/// One field of a message: its number, wire type, its value or content, its bytes as written (tag included).
struct WireField {
  uint32_t number = 0;
  uint32_t wire_type = 0;
  uint64_t varint = 0;  ///< of wire type 0
  ByteSpan whole;
  ByteSpan content;
};

/// Calls `visit` for each field, in order; it returns false to stop. \throws Error(kCorrupt) naming `what`.
void VisitWireFields(ByteSpan message, const char* what, const std::function<bool(const WireField&)>& visit);

/// Appends field `number` of wire type 2 with this content.
void AppendWireBytes(uint32_t number, ByteSpan content, std::string* out);

}  // namespace eider
