#include "eider/base/crc32c.h"

#include <array>

#include "eider/base/bytes.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace eider {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;  // reflected

constexpr uint32_t ShiftByte(uint32_t crc) {
  for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? kPolynomial : 0);
  return crc;
}

using Tables = std::array<std::array<uint32_t, 256>, 8>;

/// tables[k][b]: what byte b contributes when k more bytes follow it in the same word.
constexpr Tables MakeSlices() {
  Tables tables{};
  for (uint32_t b = 0; b < 256; ++b) tables[0][b] = ShiftByte(b);
  for (size_t k = 1; k < tables.size(); ++k) {
    for (uint32_t b = 0; b < 256; ++b) {
      const uint32_t crc = tables[k - 1][b];
      tables[k][b] = (crc >> 8) ^ tables[0][crc & 0xFF];
    }
  }
  return tables;
}
constexpr Tables kSlices = MakeSlices();

uint32_t UpdatePortable(uint32_t crc, const uint8_t* p, uint64_t n) {
  for (; n >= 8; n -= 8, p += 8) {
    const uint64_t word = LoadLe<uint64_t>(p) ^ crc;
    crc = 0;
    for (int k = 0; k < 8; ++k) crc ^= kSlices[7 - k][(word >> (8 * k)) & 0xFF];
  }
  for (; n > 0; --n, ++p) crc = (crc >> 8) ^ kSlices[0][(crc ^ *p) & 0xFF];
  return crc;
}

#if defined(__x86_64__)

/// What a register becomes when `n` zero bytes pass through it: linear, so the sum of what its four bytes become.
using ShiftTable = std::array<std::array<uint32_t, 256>, 4>;

constexpr ShiftTable MakeShiftTable(uint64_t n) {
  std::array<uint32_t, 32> image{};
  for (int bit = 0; bit < 32; ++bit) {
    uint32_t crc = uint32_t{1} << bit;
    for (uint64_t i = 0; i < n; ++i) crc = (crc >> 8) ^ kSlices[0][crc & 0xFF];
    image[bit] = crc;
  }
  ShiftTable table{};
  for (int byte = 0; byte < 4; ++byte) {
    for (uint32_t b = 0; b < 256; ++b) {
      for (int bit = 0; bit < 8; ++bit) {
        if (b >> bit & 1) table[byte][b] ^= image[8 * byte + bit];
      }
    }
  }
  return table;
}

constexpr uint64_t kLongStream = 1024, kShortStream = 128;
constexpr ShiftTable kShiftLong = MakeShiftTable(kLongStream);
constexpr ShiftTable kShiftShort = MakeShiftTable(kShortStream);

uint32_t Shift(const ShiftTable& table, uint32_t crc) {
  return table[0][crc & 0xFF] ^ table[1][crc >> 8 & 0xFF] ^ table[2][crc >> 16 & 0xFF] ^ table[3][crc >> 24];
}

/// Three streams side by side: the instruction has a latency of three cycles and a throughput of one.
template <uint64_t kStream>
__attribute__((target("sse4.2"))) uint32_t UpdateTriple(const ShiftTable& table, uint32_t crc, const uint8_t* p) {
  uint64_t a = crc, b = 0, c = 0;
  for (uint64_t i = 0; i < kStream; i += 8) {
    a = _mm_crc32_u64(a, LoadLe<uint64_t>(p + i));
    b = _mm_crc32_u64(b, LoadLe<uint64_t>(p + i + kStream));
    c = _mm_crc32_u64(c, LoadLe<uint64_t>(p + i + 2 * kStream));
  }
  const uint32_t ab = Shift(table, uint32_t(a)) ^ uint32_t(b);
  return Shift(table, ab) ^ uint32_t(c);
}

__attribute__((target("sse4.2"))) uint32_t UpdateHardware(uint32_t crc, const uint8_t* p, uint64_t n) {
  for (; n >= 3 * kLongStream; n -= 3 * kLongStream, p += 3 * kLongStream) crc = UpdateTriple<kLongStream>(kShiftLong, crc, p);
  for (; n >= 3 * kShortStream; n -= 3 * kShortStream, p += 3 * kShortStream) crc = UpdateTriple<kShortStream>(kShiftShort, crc, p);
  uint64_t wide = crc;
  for (; n >= 8; n -= 8, p += 8) wide = _mm_crc32_u64(wide, LoadLe<uint64_t>(p));
  crc = uint32_t(wide);
  for (; n > 0; --n, ++p) crc = _mm_crc32_u8(crc, *p);
  return crc;
}

const bool kHasInstruction = __builtin_cpu_supports("sse4.2");

#endif

}  // namespace

uint32_t Crc32cPortable(ByteSpan bytes, uint32_t crc) { return ~UpdatePortable(~crc, bytes.data(), bytes.size()); }

uint32_t Crc32c(ByteSpan bytes, uint32_t crc) {
#if defined(__x86_64__)
  if (kHasInstruction) return ~UpdateHardware(~crc, bytes.data(), bytes.size());
#endif
  return Crc32cPortable(bytes, crc);
}

}  // namespace eider
