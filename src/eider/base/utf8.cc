#include "eider/base/utf8.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace eider {
namespace {

/// Bytes of a sequence that begins with `lead`, 0 when none does.
size_t SequenceBytes(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

/// The second byte tells overlong forms, surrogates and what lies above U+10FFFF.
bool IsSecond(uint8_t lead, uint8_t second) {
  switch (lead) {
    case 0xe0: return second >= 0xa0 && second <= 0xbf;
    case 0xed: return second >= 0x80 && second <= 0x9f;
    case 0xf0: return second >= 0x90 && second <= 0xbf;
    case 0xf4: return second >= 0x80 && second <= 0x8f;
    default: return (second & 0xc0) == 0x80;
  }
}

/// Where the first byte outside ASCII lies, but for the last bytes.
size_t SkipAscii(std::string_view text, size_t i) {
  constexpr size_t kWords = 8;
  for (; text.size() - i >= 8 * kWords; i += 8 * kWords) {
    uint64_t words[kWords], any = 0;
    std::memcpy(words, text.data() + i, sizeof words);
    for (const uint64_t word : words) any |= word;
    if (any & 0x8080808080808080) break;
  }
  for (uint64_t word; text.size() - i >= 8; i += 8) {
    std::memcpy(&word, text.data() + i, 8);
    if (word & 0x8080808080808080) break;
  }
  return i;
}

}  // namespace

bool IsAscii(std::string_view text) {
  for (size_t i = SkipAscii(text, 0); i < text.size(); ++i) {
    if (uint8_t(text[i]) >= 0x80) return false;
  }
  return true;
}

bool IsUtf8(std::string_view text) {
  for (size_t i = SkipAscii(text, 0); i < text.size();) {
    const uint8_t lead = uint8_t(text[i]);
    if (lead < 0x80) {
      i = std::max(i + 1, SkipAscii(text, i));
      continue;
    }
    const size_t bytes = SequenceBytes(lead);
    if (bytes == 0 || bytes > text.size() - i) return false;
    if (bytes > 1 && !IsSecond(lead, uint8_t(text[i + 1]))) return false;
    for (size_t k = 2; k < bytes; ++k) {
      if ((uint8_t(text[i + k]) & 0xc0) != 0x80) return false;
    }
    i += bytes;
  }
  return true;
}

}  // namespace eider
