#pragma once
/// \file
/// Text by characters: UTF-8, and letters in two cases.

#include <cstdint>
#include <string>
#include <string_view>

#include "eider/base/utf8.h"

namespace eider::expr {

int64_t CountCharacters(std::string_view text);
/// Byte position of character `index` (from 0), or the size of the text past its end.
size_t ByteOfCharacter(std::string_view text, int64_t index);
/// The character at `*at`, which moves behind it. Text is well-formed; what is not gives its bytes one by one.
uint32_t NextCharacter(std::string_view text, size_t* at);
void AppendCharacter(uint32_t character, std::string& out);

/// Latin, Greek, Cyrillic, Armenian and full-width letters have cases; others stay as they are.
uint32_t ToLowerCharacter(uint32_t character);
uint32_t ToUpperCharacter(uint32_t character);
std::string ToLower(std::string_view text);
std::string ToUpper(std::string_view text);
bool IsAlphanumeric(uint32_t character);

/// Where `part` begins, in time linear in both; npos where it is not.
size_t FindText(std::string_view text, std::string_view part);
/// No function makes a text longer than this out of shorter ones. \throws Error(kInvalid)
void RequireTextBytes(uint64_t bytes);

}  // namespace eider::expr
