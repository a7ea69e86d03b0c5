#pragma once
/// \file
/// Is it text? Protobuf strings must be, and values of string columns.

#include <string_view>

namespace eider {

/// True for well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(std::string_view text);
bool IsAscii(std::string_view text);

}  // namespace eider
