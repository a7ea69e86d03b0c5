#pragma once
/// \file
/// The least and the greatest of many texts, by bytes: most are told apart by their first eight.

#include <cstdint>
#include <cstring>
#include <string_view>

namespace eider {

/// Texts are kept by reference.
struct TextRange {
  std::string_view low, high;
  uint64_t low_prefix = 0, high_prefix = 0;
  bool any = false;

  /// The first bytes as a number that orders as they do.
  static uint64_t Prefix(std::string_view text) {
    uint64_t word = 0;
    if (text.size() >= 8) {
      std::memcpy(&word, text.data(), 8);
    } else if (!text.empty()) {
      std::memcpy(&word, text.data(), text.size());
    }
    return __builtin_bswap64(word);
  }

  void Add(std::string_view text) {
    const uint64_t prefix = Prefix(text);
    if (!any || (prefix <= low_prefix && (prefix < low_prefix || text < low))) low = text, low_prefix = prefix;
    if (!any || (prefix >= high_prefix && (prefix > high_prefix || text > high))) high = text, high_prefix = prefix;
    any = true;
  }
};

}  // namespace eider
