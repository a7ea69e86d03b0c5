#include "eider/expr/functions/characters.h"

#include <algorithm>
#include <cstring>

#include "eider/base/error.h"

namespace eider::expr {
namespace {

/// Capital letters first..last and where their small ones are: `step` apart, or each the next character (step 1).
struct Range {
  uint32_t first, last;
  int32_t step;
};
constexpr Range kRanges[] = {
    {'A', 'Z', 32}, {0xC0, 0xD6, 32}, {0xD8, 0xDE, 32}, {0x386, 0x386, 38}, {0x388, 0x38A, 37}, {0x38C, 0x38C, 64}, {0x38E, 0x38F, 63},
    {0x391, 0x3A1, 32}, {0x3A3, 0x3AB, 32}, {0x400, 0x40F, 80}, {0x410, 0x42F, 32}, {0x531, 0x556, 48}, {0xFF21, 0xFF3A, 32}};
/// Ranges where capital and small letters take turns, beginning with a capital.
constexpr std::pair<uint32_t, uint32_t> kTurns[] = {{0x100, 0x12F}, {0x132, 0x137}, {0x139, 0x148}, {0x14A, 0x177}, {0x179, 0x17E}, {0x1CD, 0x1DC},
                                                    {0x1DE, 0x1EF}, {0x1F8, 0x21F}, {0x222, 0x233}, {0x370, 0x373}, {0x3D8, 0x3EF}, {0x460, 0x481},
                                                    {0x48A, 0x4BF}, {0x4C1, 0x4CE}, {0x4D0, 0x52F}, {0x1E00, 0x1E95}, {0x1EA0, 0x1EFF}};

}  // namespace

int64_t CountCharacters(std::string_view text) {
  return int64_t(text.size()) - std::count_if(text.begin(), text.end(), IsContinuationByte);
}

size_t ByteOfCharacter(std::string_view text, int64_t index) {
  size_t at = 0;
  for (; index > 0 && at < text.size(); --index) {
    ++at;
    while (at < text.size() && IsContinuationByte(text[at])) ++at;
  }
  return at;
}

uint32_t NextCharacter(std::string_view text, size_t* at) {
  const unsigned char lead = static_cast<unsigned char>(text[(*at)++]);
  if (lead < 0xC0) return lead;
  const int more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  uint32_t character = lead & (0x3Fu >> more);
  for (int i = 0; i < more && *at < text.size() && IsContinuationByte(text[*at]); ++i) character = character << 6 | (static_cast<unsigned char>(text[(*at)++]) & 0x3F);
  return character;
}

void AppendCharacter(uint32_t c, std::string& out) {
  if (c < 0x80) {
    out.push_back(char(c));
  } else if (c < 0x800) {
    out.push_back(char(0xC0 | c >> 6)), out.push_back(char(0x80 | (c & 0x3F)));
  } else if (c < 0x10000) {
    out.push_back(char(0xE0 | c >> 12)), out.push_back(char(0x80 | (c >> 6 & 0x3F))), out.push_back(char(0x80 | (c & 0x3F)));
  } else {
    out.push_back(char(0xF0 | c >> 18)), out.push_back(char(0x80 | (c >> 12 & 0x3F)));
    out.push_back(char(0x80 | (c >> 6 & 0x3F))), out.push_back(char(0x80 | (c & 0x3F)));
  }
}

uint32_t ToLowerCharacter(uint32_t c) {
  for (const Range& range : kRanges) {
    if (c >= range.first && c <= range.last) return c + uint32_t(range.step);
  }
  if (c == 0x178) return 0xFF;
  for (const auto& [first, last] : kTurns) {
    if (c >= first && c <= last) return (c - first) % 2 == 0 ? c + 1 : c;
  }
  return c;
}

uint32_t ToUpperCharacter(uint32_t c) {
  for (const Range& range : kRanges) {
    if (c >= range.first + uint32_t(range.step) && c <= range.last + uint32_t(range.step)) return c - uint32_t(range.step);
  }
  if (c == 0xFF) return 0x178;
  if (c == 0xB5) return 0x39C;
  if (c == 0x3C2) return 0x3A3;
  for (const auto& [first, last] : kTurns) {
    if (c >= first && c <= last) return (c - first) % 2 == 1 ? c - 1 : c;
  }
  return c;
}

namespace {

/// The ASCII at the beginning, letters from `first` on in the other case; the rest is left to do from the result's size on.
std::string TurnAscii(std::string_view text, char first) {
  size_t end = 0;
  while (end < text.size() && static_cast<unsigned char>(text[end]) < 0x80) ++end;
  std::string out;
  out.reserve(text.size());
  out.assign(text.substr(0, end));
  for (char& c : out) c = static_cast<char>(c ^ (static_cast<unsigned char>(c - first) < 26 ? 0x20 : 0));
  return out;
}

}  // namespace

std::string ToLower(std::string_view text) {
  std::string out = TurnAscii(text, 'A');
  for (size_t at = out.size(); at < text.size();) AppendCharacter(ToLowerCharacter(NextCharacter(text, &at)), out);
  return out;
}

std::string ToUpper(std::string_view text) {
  std::string out = TurnAscii(text, 'a');
  for (size_t at = out.size(); at < text.size();) {
    const uint32_t c = NextCharacter(text, &at);
    if (c == 0xDF) out += "SS";
    else AppendCharacter(ToUpperCharacter(c), out);
  }
  return out;
}

bool IsAlphanumeric(uint32_t c) {
  if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const bool punctuation = c < 0xAA || c == 0xAB || (c >= 0xAC && c <= 0xB1) || c == 0xB4 || (c >= 0xB6 && c <= 0xB8) || c == 0xBB || c == 0xBF ||
                           c == 0xD7 || c == 0xF7 || (c >= 0x2000 && c <= 0x206F) || (c >= 0x2190 && c <= 0x2BFF) || (c >= 0x3000 && c <= 0x3004) ||
                           (c >= 0x3008 && c <= 0x3020) || (c >= 0xFF00 && c <= 0xFF0F) || (c >= 0xFF1A && c <= 0xFF20) || (c >= 0x1F000 && c <= 0x1FAFF);
  return !punctuation;
}

size_t FindText(std::string_view text, std::string_view part) {
  if (part.empty()) return 0;
  const void* found = text.empty() ? nullptr : memmem(text.data(), text.size(), part.data(), part.size());
  return found ? size_t(static_cast<const char*>(found) - text.data()) : std::string_view::npos;
}

void RequireTextBytes(uint64_t bytes) {
  constexpr uint64_t kMostBytes = uint64_t{64} << 20;
  if (bytes > kMostBytes) throw Invalid("a text of more than {} MiB", kMostBytes >> 20);
}

}  // namespace eider::expr
