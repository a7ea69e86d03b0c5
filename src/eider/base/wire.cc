#include "eider/base/wire.h"

namespace eider {
namespace {

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

}  // namespace

uint64_t TakeLongVarint(ByteSpan bytes, uint64_t* at, const char* what) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = ReadLe<uint8_t>(bytes, (*at)++, what);
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  throw Corrupt("{}: a varint of more than 10 bytes at {}", what, *at);
}

void ThrowBadField(const char* what, const WireField& field, uint64_t start) {
  throw Corrupt("{}: field {} of wire type {} at {}", what, field.number, field.wire_type, start);
}

void AppendWireNumbers(const WireField& field, const char* what, std::vector<uint64_t>& out) {
  if (field.wire_type == kWireVarint) out.push_back(field.varint);
  if (field.wire_type != kWireBytes) return;
  for (uint64_t at = 0; at < field.content.size();) out.push_back(TakeVarint(field.content, &at, what));
}

void AppendWireBytes(uint32_t number, ByteSpan content, std::string* out) {
  AppendVarint(uint64_t{number} << 3 | kWireBytes, out);
  AppendVarint(content.size(), out);
  out->append(reinterpret_cast<const char*>(content.data()), content.size());
}

}  // namespace eider
