#pragma once
/// \file
/// Walks the fields of a serialized protobuf message without decoding them, so that big manifests and column
/// metadata need not be parsed whole.

#include <string>
#include <vector>

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

/// Reads a number of any length. \throws Error(kCorrupt) naming `what`
uint64_t TakeLongVarint(ByteSpan bytes, uint64_t* at, const char* what);
[[noreturn]] void ThrowBadField(const char* what, const WireField& field, uint64_t start);

inline uint64_t TakeVarint(ByteSpan bytes, uint64_t* at, const char* what) {
  // Most tags, lengths and numbers are of one byte or two.
  const uint64_t i = *at;
  if (i < bytes.size() && bytes[i] < 0x80) return bytes[(*at)++];
  if (i + 1 < bytes.size() && bytes[i + 1] < 0x80) {
    *at += 2;
    return (bytes[i] & 0x7fu) | uint64_t{bytes[i + 1]} << 7;
  }
  return TakeLongVarint(bytes, at, what);
}

/// Reads the field at `*at`, and moves behind it. \throws Error(kCorrupt) naming `what`
inline WireField TakeWireField(ByteSpan message, uint64_t* at, const char* what) {
  const uint64_t start = *at;
  const uint64_t tag = TakeVarint(message, at, what);
  WireField field{.number = static_cast<uint32_t>(tag >> 3), .wire_type = static_cast<uint32_t>(tag & 7)};
  if (field.number == 0 || tag >> 32 != 0) ThrowBadField(what, field, start);
  uint64_t length = 0;
  switch (field.wire_type) {
    case kWireVarint: field.varint = TakeVarint(message, at, what); break;
    case kWireFixed64: length = 8; break;
    case kWireFixed32: length = 4; break;
    case kWireBytes: length = TakeVarint(message, at, what); break;
    default: ThrowBadField(what, field, start);
  }
  field.content = CheckedSubspan(message, *at, length, what);
  *at += length;
  field.whole = message.subspan(start, *at - start);
  return field;
}

/// The fields of a message, one after the other.
class WireReader {
 public:
  /// `what` names the message in errors.
  WireReader(ByteSpan message, const char* what) : message_(message), what_(what) {}
  /// False at the end. \throws Error(kCorrupt)
  bool Next(WireField& field) {
    if (at_ >= message_.size()) return false;
    field = TakeWireField(message_, &at_, what_);
    return true;
  }

 private:
  const ByteSpan message_;
  const char* const what_;
  uint64_t at_ = 0;
};

/// Appends the numbers of a repeated u64 field, packed or one of many. Other wire types are no such field and are passed over.
/// \throws Error(kCorrupt) naming `what`
void AppendWireNumbers(const WireField& field, const char* what, std::vector<uint64_t>& out);

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
