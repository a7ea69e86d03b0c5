#pragma once
/// \file
/// Is it text? Protobuf strings must be, and values of string columns. And its ASCII letters and digits.

#include <string>
#include <string_view>

namespace eider {

/// True for well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(std::string_view text);
/// The same without special instructions, for tests.
bool IsUtf8Portable(std::string_view text);
bool IsAscii(std::string_view text);
/// The text with bytes that are none as \xNN; for messages that quote stored bytes.
std::string EscapeBadUtf8(std::string_view text);
inline bool IsDigit(char c) { return c >= '0' && c <= '9'; }
/// A byte that goes on with a character of UTF-8 rather than beginning one.
inline bool IsContinuationByte(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
/// A to Z as small letters; everything else as it is.
std::string LowerAscii(std::string_view text);

}  // namespace eider
