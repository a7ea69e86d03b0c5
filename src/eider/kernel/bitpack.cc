#include "eider/kernel/bitpack.h"

#include <array>
#include <cstring>
#include <utility>

namespace eider::kernel {
namespace {

// One vector of neighbouring lanes; 16 bytes is what every x86-64 and arm64 has.
template <typename T>
struct Lanes {
  static constexpr uint32_t kBits = 8 * sizeof(T);
  static constexpr uint32_t kCount = kPackedBlockValues / kBits;
  static constexpr uint32_t kPerVector = 16 / sizeof(T);
  typedef T Vector __attribute__((vector_size(16)));

  static Vector Load(const T* p) {
    Vector v;
    std::memcpy(&v, p, sizeof(v));
    return v;
  }
  static void Store(T* p, Vector v) { std::memcpy(p, &v, sizeof(v)); }
  static constexpr uint32_t ValueOf(uint32_t row) { return kPackedRowOrder[row / 8] * 16 + row % 8 * 128; }
};

// Invariant: `word` holds the low bits of the word that the row starts in.
template <typename T>
inline __attribute__((always_inline)) void PackRow(const T* values, uint8_t* packed, uint32_t width, uint32_t row,
                                                   typename Lanes<T>::Vector& word) {
  using L = Lanes<T>;
  const uint32_t place = row * width / L::kBits;
  const uint32_t shift = row * width % L::kBits;
  typename L::Vector v = L::Load(values + L::ValueOf(row));
  if (width < L::kBits) v &= static_cast<T>((T{1} << width) - 1);
  if (shift == 0) {
    word = v;
  } else {
    word |= v << shift;
  }
  if (shift + width >= L::kBits) {
    std::memcpy(packed + sizeof(T) * L::kCount * place, &word, sizeof(word));
    if (shift + width > L::kBits) word = v >> (L::kBits - shift);
  }
}

// All shifts and addresses are constants, but where the code is instrumented: it would take minutes to compile.
template <typename T, uint32_t kWidth, uint32_t... kRows>
void PackRows(const T* values, uint8_t* packed, std::integer_sequence<uint32_t, kRows...>) {
  using L = Lanes<T>;
  for (uint32_t lane = 0; lane < L::kCount; lane += L::kPerVector) {
    typename L::Vector word{};
#ifdef EIDER_SANITIZED
    for (uint32_t row = 0; row < L::kBits; ++row) PackRow<T>(values + lane, packed + sizeof(T) * lane, kWidth, row, word);
#else
    (PackRow<T>(values + lane, packed + sizeof(T) * lane, kWidth, kRows, word), ...);
#endif
  }
}

template <typename T, uint32_t kWidth>
void PackWidth(const T* values, uint8_t* packed) {
  if constexpr (kWidth > 0) {
    PackRows<T, kWidth>(values, packed, std::make_integer_sequence<uint32_t, Lanes<T>::kBits>());
  }
}

template <typename T, uint32_t... kWidths>
constexpr auto PackTable(std::integer_sequence<uint32_t, kWidths...>) {
  return std::array<void (*)(const T*, uint8_t*), sizeof...(kWidths)>{&PackWidth<T, kWidths>...};
}

}  // namespace

template <typename T>
void PackBlock(const T* values, uint32_t width, uint8_t* packed) {
  static constexpr auto kTable = PackTable<T>(std::make_integer_sequence<uint32_t, 8 * sizeof(T) + 1>());
  kTable[width](values, packed);
}

template void PackBlock<uint8_t>(const uint8_t*, uint32_t, uint8_t*);
template void PackBlock<uint16_t>(const uint16_t*, uint32_t, uint8_t*);
template void PackBlock<uint32_t>(const uint32_t*, uint32_t, uint8_t*);
template void PackBlock<uint64_t>(const uint64_t*, uint32_t, uint8_t*);

}  // namespace eider::kernel
