#include <bit>
#include <charconv>
#include <cmath>

#include "eider/array/jsonb.h"
#include "eider/base/error.h"
#include "eider/base/utf8.h"

namespace eider {
namespace {

constexpr uint32_t kLengthMask = (uint32_t{1} << 28) - 1;

uint64_t Big(ByteSpan bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

void AppendText(std::string_view text, BufferBuilder& out) { out.Append(text.data(), text.size()); }

void AppendQuoted(ByteSpan bytes, BufferBuilder& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!IsUtf8(text)) throw Corrupt("JSONB: a string of {} bytes that is not UTF-8", bytes.size());
  out.AppendValue('"');
  size_t copied = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<uint8_t>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    AppendText(text.substr(copied, i - copied), out);
    copied = i + 1;
    switch (c) {
      case '"': AppendText("\\\"", out); break;
      case '\\': AppendText("\\\\", out); break;
      case '\b': AppendText("\\b", out); break;
      case '\f': AppendText("\\f", out); break;
      case '\n': AppendText("\\n", out); break;
      case '\r': AppendText("\\r", out); break;
      case '\t': AppendText("\\t", out); break;
      default:
        AppendText("\\u00", out);
        out.AppendValue(kHex[c >> 4]), out.AppendValue(kHex[c & 15]);
    }
  }
  AppendText(text.substr(copied), out);
  out.AppendValue('"');
}

template <typename Integer>
void AppendInteger(Integer value, BufferBuilder& out) {
  char text[24];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  AppendText({text, static_cast<size_t>(end - text)}, out);
}

// The shortest digits that read back; plain from 1e-5 up to 1e16, with an exponent outside.
void AppendFloatText(double value, BufferBuilder& out) {
  if (!std::isfinite(value)) return AppendText("null", out);
  char text[64];
  const bool plain = value == 0 || (std::fabs(value) >= 1e-5 && std::fabs(value) < 1e16);
  const auto [end, error] =
      std::to_chars(text, text + sizeof(text), value, plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string_view digits(text, static_cast<size_t>(end - text));
  if (plain) {
    AppendText(digits, out);
    if (digits.find('.') == std::string_view::npos) AppendText(".0", out);
    return;
  }
  // to_chars writes at least two digits of the exponent.
  const size_t e = digits.find('e');
  AppendText(digits.substr(0, e + 2), out);
  std::string_view exponent = digits.substr(e + 2);
  while (exponent.size() > 1 && exponent[0] == '0') exponent.remove_prefix(1);
  AppendText(exponent, out);
}

void AppendNumber(ByteSpan bytes, BufferBuilder& out) {
  if (bytes.empty()) throw Corrupt("JSONB: a number of 0 bytes");
  const ByteSpan rest = bytes.subspan(1);
  const size_t n = rest.size();
  const bool integer = n == 1 || n == 2 || n == 4 || n == 8;
  switch (bytes[0]) {
    case 0x00: if (n == 0) return AppendText("0", out); break;
    case 0x10:
    case 0x20:
    case 0x30: if (n == 0) return AppendText("null", out); break;
    case 0x40:
      if (integer) return AppendInteger(static_cast<int64_t>(Big(rest) << (64 - 8 * n)) >> (64 - 8 * n), out);
      break;
    case 0x50: if (integer) return AppendInteger(Big(rest), out); break;
    case 0x60: if (n == 8) return AppendFloatText(std::bit_cast<double>(Big(rest)), out); break;
    default: throw Unsupported("JSONB: a number of kind {:#04x} ({} bytes)", bytes[0], bytes.size());
  }
  throw Corrupt("JSONB: a number of kind {:#04x} in {} bytes", bytes[0], bytes.size());
}

void AppendContainer(ByteSpan bytes, int depth, BufferBuilder& out);

void AppendEntry(uint32_t entry, ByteSpan payload, int depth, BufferBuilder& out) {
  const uint32_t type = entry >> 28;
  if (type != 1 && type != 2 && type != 5 && !payload.empty()) throw Corrupt("JSONB: a value of type {} with {} bytes", type, payload.size());
  switch (type) {
    case 0: return AppendText("null", out);
    case 1: return AppendQuoted(payload, out);
    case 2: return AppendNumber(payload, out);
    case 3: return AppendText("false", out);
    case 4: return AppendText("true", out);
    case 5: return AppendContainer(payload, depth + 1, out);
    default: throw Unsupported("JSONB: a value of type {} ({} bytes)", type, payload.size());
  }
}

/// Takes entries and payloads of a container in step.
class Cursor {
 public:
  Cursor(ByteSpan bytes, uint64_t num_entries) : bytes_(bytes), payload_at_(4 + 4 * num_entries) {
    if (payload_at_ > bytes.size()) throw Corrupt("JSONB: {} entries in {} bytes", num_entries, bytes.size());
  }
  uint32_t Entry(uint64_t i) const { return static_cast<uint32_t>(Big(bytes_.subspan(4 + 4 * i, 4))); }
  ByteSpan Payload(uint32_t entry) {
    const ByteSpan payload = CheckedSubspan(bytes_, payload_at_, entry & kLengthMask, "JSONB: value");
    payload_at_ += payload.size();
    return payload;
  }
  void Skip(uint64_t bytes) { payload_at_ = CheckedAdd(payload_at_, bytes, "JSONB"); }
  void RequireEnd() const {
    if (payload_at_ != bytes_.size()) throw Corrupt("JSONB: values end at byte {} of {}", payload_at_, bytes_.size());
  }

 private:
  const ByteSpan bytes_;
  uint64_t payload_at_;
};

void AppendArray(ByteSpan bytes, uint64_t count, int depth, BufferBuilder& out) {
  Cursor cursor(bytes, count);
  out.AppendValue('[');
  for (uint64_t i = 0; i < count; ++i) {
    if (i > 0) out.AppendValue(',');
    const uint32_t entry = cursor.Entry(i);
    AppendEntry(entry, cursor.Payload(entry), depth, out);
  }
  cursor.RequireEnd();
  out.AppendValue(']');
}

void AppendObject(ByteSpan bytes, uint64_t count, int depth, BufferBuilder& out) {
  Cursor keys(bytes, 2 * count), values(bytes, 2 * count);
  for (uint64_t i = 0; i < count; ++i) values.Skip(keys.Entry(i) & kLengthMask);
  out.AppendValue('{');
  for (uint64_t i = 0; i < count; ++i) {
    if (i > 0) out.AppendValue(',');
    const uint32_t key = keys.Entry(i);
    if (key >> 28 != 1) throw Corrupt("JSONB: a key of type {}", key >> 28);
    AppendQuoted(keys.Payload(key), out);
    out.AppendValue(':');
    const uint32_t entry = values.Entry(count + i);
    AppendEntry(entry, values.Payload(entry), depth, out);
  }
  values.RequireEnd();
  out.AppendValue('}');
}

void AppendContainer(ByteSpan bytes, int depth, BufferBuilder& out) {
  if (bytes.size() < 4) throw Corrupt("JSONB: a container of {} bytes", bytes.size());
  if (depth > kMaxJsonDepth) throw Corrupt("JSONB: nested more than {} deep", kMaxJsonDepth);
  const auto header = static_cast<uint32_t>(Big(bytes.first(4)));
  const uint64_t count = header & kLengthMask;
  switch (header >> 28) {
    case 8: return AppendArray(bytes, count, depth, out);
    case 4: return AppendObject(bytes, count, depth, out);
    case 2: {
      if (depth > 0) throw Corrupt("JSONB: a scalar container inside another");
      Cursor cursor(bytes, 1);
      const uint32_t entry = cursor.Entry(0);
      AppendEntry(entry, cursor.Payload(entry), depth, out);
      return cursor.RequireEnd();
    }
    default: throw Corrupt("JSONB: a container of kind {}", header >> 28);
  }
}

}  // namespace

void AppendJsonText(ByteSpan jsonb, BufferBuilder& out) { AppendContainer(jsonb, 0, out); }

}  // namespace eider
