#include "eider/base/utf8.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

#if defined(__x86_64__)
constexpr size_t kWideBytes = 64;

/// Which neighbours cannot be: by the high and low half of the first byte and the high half of the second, each a set of
/// halves. A pair is wrong in the way of a rule when all three halves are in its sets.
struct Rule {
  uint16_t high, low, next_high;
};
constexpr Rule kRules[8] = {
    {0xF000, 0xFFFF, 0xF0FF},  // a lead without a continuation
    {0x00FF, 0xFFFF, 0x0F00},  // a continuation after ASCII
    {0x4000, 0x0001, 0x0300},  // E0: overlong
    {0x8000, 0xFFF0, 0x0E00},  // F4 and beyond: too large
    {0x4000, 0x2000, 0x0C00},  // ED: a surrogate
    {0x1000, 0x0003, 0x0F00},  // C0, C1: overlong
    {0x8000, 0xFFE1, 0x0100},  // F0: overlong, F5 and beyond: too large
    {0x0F00, 0xFFFF, 0x0F00},  // two continuations: right after a lead of three or four bytes
};
struct Halves {
  alignas(32) uint8_t rules[32] = {};
  constexpr explicit Halves(uint16_t Rule::*set) {
    for (int half = 0; half < 32; ++half) {
      for (int rule = 0; rule < 8; ++rule) rules[half] |= uint8_t((kRules[rule].*set >> (half % 16) & 1) << rule);
    }
  }
};
constexpr Halves kHigh(&Rule::high), kLow(&Rule::low), kNextHigh(&Rule::next_high);

/// The bytes that lie `n` before those of `block`.
template <int n>
__attribute__((target("avx2"))) inline __m256i Before(__m256i block, __m256i last) {
  return _mm256_alignr_epi8(block, _mm256_permute2x128_si256(last, block, 0x21), 16 - n);
}
__attribute__((target("avx2"))) inline __m256i Lookup(const Halves& table, __m256i halves) {
  return _mm256_shuffle_epi8(_mm256_load_si256(reinterpret_cast<const __m256i*>(table.rules)), halves);
}
__attribute__((target("avx2"))) inline __m256i High(__m256i bytes) {
  return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
}

/// Nonzero where `block`, which follows `last`, is wrong.
__attribute__((target("avx2"))) inline __m256i Wrong(__m256i block, __m256i last) {
  const __m256i before = Before<1>(block, last);
  const __m256i first = _mm256_and_si256(Lookup(kHigh, High(before)), Lookup(kLow, _mm256_and_si256(before, _mm256_set1_epi8(0x0F))));
  const __m256i rules = _mm256_and_si256(first, Lookup(kNextHigh, High(block)));
  const __m256i third = _mm256_subs_epu8(Before<2>(block, last), _mm256_set1_epi8(0xE0 - 0x80));
  const __m256i fourth = _mm256_subs_epu8(Before<3>(block, last), _mm256_set1_epi8(0xF0 - 0x80));
  const __m256i must_continue = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8(char(0x80)));
  return _mm256_xor_si256(must_continue, rules);
}

__attribute__((target("avx2"))) bool IsUtf8Wide(const uint8_t* text, size_t size) {
  __m256i wrong = _mm256_setzero_si256(), last = wrong;
  bool last_is_ascii = true;
  size_t i = 0;
  for (; i + 32 <= size; i += 32) {
    const __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + i));
    const bool is_ascii = _mm256_movemask_epi8(block) == 0;
    if (!is_ascii || !last_is_ascii) wrong = _mm256_or_si256(wrong, Wrong(block, last));
    last = block;
    last_is_ascii = is_ascii;
  }
  alignas(32) uint8_t end[32] = {};  // zeros after the last byte show what is cut off
  std::memcpy(end, text + i, size - i);
  wrong = _mm256_or_si256(wrong, Wrong(_mm256_load_si256(reinterpret_cast<const __m256i*>(end)), last));
  return _mm256_testz_si256(wrong, wrong) != 0;
}
#endif

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

bool IsUtf8Portable(std::string_view text) {
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

bool IsUtf8(std::string_view text) {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  if (has_avx2 && text.size() >= kWideBytes) return IsUtf8Wide(reinterpret_cast<const uint8_t*>(text.data()), text.size());
#endif
  return IsUtf8Portable(text);
}

std::string EscapeBadUtf8(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const size_t bytes = SequenceBytes(uint8_t(text[i])), taken = std::max<size_t>(1, bytes);
    if (IsUtf8Portable(text.substr(i, taken))) {
      out += text.substr(i, taken);
      i += taken;
    } else {
      const uint8_t bad = uint8_t(text[i++]);
      out += {'\\', 'x', kDigits[bad >> 4], kDigits[bad & 15]};
    }
  }
  return out;
}

std::string LowerAscii(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? char(c + 32) : c;
  return out;
}

}  // namespace eider
