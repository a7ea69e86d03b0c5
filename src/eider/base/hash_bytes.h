#pragma once
/// \file
/// Hashes of byte strings.

#include "eider/base/bytes.h"

namespace eider {

/// A hash of a byte string; good enough for tables, not against enemies, whose collisions only cost time up to the bound that
/// the table's user sets on its size.
inline uint64_t HashBytes(ByteSpan bytes) {
  constexpr uint64_t kFirst = 0x9E3779B97F4A7C15, kSecond = 0xD6E8FEB86659FD93;
  const auto mix = [](uint64_t a, uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  const uint8_t* p = bytes.data();
  size_t n = bytes.size();
  uint64_t hash = mix(n ^ kFirst, kSecond);
  for (; n > 16; n -= 16, p += 16) hash = mix(LoadLe<uint64_t>(p) ^ hash ^ kFirst, LoadLe<uint64_t>(p + 8) ^ kSecond);
  uint64_t low = 0, high = 0;
  if (n >= 8) {
    low = LoadLe<uint64_t>(p), high = LoadLe<uint64_t>(p + n - 8);
  } else if (n >= 4) {
    low = LoadLe<uint32_t>(p), high = LoadLe<uint32_t>(p + n - 4);
  } else if (n > 0) {
    low = uint64_t{p[0]} | uint64_t{p[n / 2]} << 8 | uint64_t{p[n - 1]} << 16;
  }
  return mix(low ^ hash ^ kFirst, high ^ kSecond);
}

}  // namespace eider
