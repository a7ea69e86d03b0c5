#include "eider/base/wire.h"

namespace eider {
namespace {

uint64_t TakeVarint(ByteSpan bytes, uint64_t* at, const char* what) {
  if (*at < bytes.size() && bytes[*at] < 0x80) return bytes[(*at)++];  // most tags, lengths and numbers
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = ReadLe<uint8_t>(bytes, (*at)++, what);
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  throw Corrupt("{}: a varint of more than 10 bytes at {}", what, *at);
}

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

}  // namespace

WireField TakeWireField(ByteSpan message, uint64_t* at, const char* what) {
  const uint64_t start = *at;
  const uint64_t tag = TakeVarint(message, at, what);
  WireField field{.number = static_cast<uint32_t>(tag >> 3), .wire_type = static_cast<uint32_t>(tag & 7)};
  if (field.number == 0 || tag >> 32 != 0) throw Corrupt("{}: field tag {:#x} at {}", what, tag, start);
  uint64_t length = 0;
  switch (field.wire_type) {
    case kWireVarint: field.varint = TakeVarint(message, at, what); break;
    case kWireFixed64: length = 8; break;
    case kWireFixed32: length = 4; break;
    case kWireBytes: length = TakeVarint(message, at, what); break;
    default: throw Corrupt("{}: wire type {} of field {} at {}", what, field.wire_type, field.number, start);
  }
  field.content = CheckedSubspan(message, *at, length, what);
  *at += length;
  field.whole = message.subspan(start, *at - start);
  return field;
}

void AppendWireBytes(uint32_t number, ByteSpan content, std::string* out) {
  AppendVarint(uint64_t{number} << 3 | kWireBytes, out);
  AppendVarint(content.size(), out);
  out->append(reinterpret_cast<const char*>(content.data()), content.size());
}

}  // namespace eider
