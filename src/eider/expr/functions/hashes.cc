/// Digests and encodings.

#include "eider/expr/functions/digest.h"
#include "eider/expr/functions/function.h"
#include "eider/expr/functions/map_rows.h"

namespace eider::expr {
namespace {

using Text = std::string_view;

constexpr Text kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string ToHex(Text bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::string FromHex(Text text) {
  const auto digit = [&](char c) {
    const int value = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
    if (value < 0) throw Invalid("'{}' is no hexadecimal text", text.substr(0, 60));
    return value;
  };
  if (text.size() % 2) throw Invalid("'{}' is no hexadecimal text: {} digits", text.substr(0, 60), text.size());
  std::string out;
  for (size_t i = 0; i < text.size(); i += 2) out.push_back(char(digit(text[i]) * 16 + digit(text[i + 1])));
  return out;
}

std::string ToBase64(Text bytes, bool padded) {
  std::string out;
  uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out.push_back(kBase64[bits >> (held - 6) & 63]);
  }
  if (held) out.push_back(kBase64[bits << (6 - held) & 63]);
  while (padded && out.size() % 4) out.push_back('=');
  return out;
}

std::string FromBase64(Text text) {
  Text digits = text;
  while (digits.ends_with('=')) digits.remove_suffix(1);
  std::string out;
  uint32_t bits = 0;
  int held = 0;
  for (const char c : digits) {
    const size_t value = kBase64.find(c);
    if (value == Text::npos) throw Invalid("'{}' is no base64 text", text.substr(0, 60));
    bits = bits << 6 | uint32_t(value);
    held += 6;
    if (held >= 8) held -= 8, out.push_back(char(bits >> held));
  }
  if (digits.size() % 4 == 1) throw Invalid("'{}' is no base64 text: {} digits", text.substr(0, 60), digits.size());
  return out;
}

/// Without padding for "base64", as the reference writes it; "base64pad" has it.
std::string Encode(Text bytes, Text how) {
  if (how == "hex") return ToHex(bytes);
  if (how == "base64" || how == "base64pad") return ToBase64(bytes, how == "base64pad");
  throw Invalid("there is no encoding '{}': hex, base64 and base64pad are", how);
}
std::string Decode(Text text, Text how) {
  if (how == "hex") return FromHex(text);
  if (how == "base64" || how == "base64pad") return FromBase64(text);
  throw Invalid("there is no encoding '{}': hex, base64 and base64pad are", how);
}

std::string Digest(Text bytes, Text how) {
  constexpr std::pair<Text, std::string (*)(Text)> kDigests[] = {{"md5", Md5}, {"sha224", Sha224}, {"sha256", Sha256}, {"sha384", Sha384}, {"sha512", Sha512}};
  for (const auto& [name, digest] : kDigests) {
    if (name == how) return digest(bytes);
  }
  throw Invalid("there is no digest '{}': md5, sha224, sha256, sha384 and sha512 are", how);
}

}  // namespace

FunctionTable HashFunctions() {
  FunctionTable out;
  // Text and binary alike: kernels read the bytes of both.
  for (const Text kind : {"text", "binary"}) {
    const auto one = [&](Text result) { return kind == "text" ? (result == "text" ? Text("text -> text") : Text("text -> binary"))
                                                              : (result == "text" ? Text("binary -> text") : Text("binary -> binary")); };
    const auto two = [&](Text result) { return kind == "text" ? (result == "text" ? Text("text, text -> text") : Text("text, text -> binary"))
                                                              : (result == "text" ? Text("binary, text -> text") : Text("binary, text -> binary")); };
    out.push_back({"md5", one("text"), Map([](Text bytes) { return ToHex(Md5(bytes)); })});
    out.push_back({"sha224", one("binary"), Map([](Text bytes) { return Sha224(bytes); })});
    out.push_back({"sha256", one("binary"), Map([](Text bytes) { return Sha256(bytes); })});
    out.push_back({"sha384", one("binary"), Map([](Text bytes) { return Sha384(bytes); })});
    out.push_back({"sha512", one("binary"), Map([](Text bytes) { return Sha512(bytes); })});
    out.push_back({"digest", two("binary"), Map([](Text bytes, Text how) { return Digest(bytes, how); })});
    out.push_back({"encode", two("text"), Map([](Text bytes, Text how) { return Encode(bytes, how); })});
    out.push_back({"decode", two("binary"), Map([](Text text, Text how) { return Decode(text, how); })});
  }
  return out;
}

}  // namespace eider::expr
