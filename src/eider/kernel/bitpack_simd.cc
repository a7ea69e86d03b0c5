// Unpacking, compiled for each instruction set and chosen at run time. Vectors are the compiler's own: a target only sets their width.
#include <array>
#include <cstring>
#include <utility>

#include "eider/kernel/bitpack.h"

// Between SSE2 and AVX2, and beyond AVX-512BW, nothing is gained for shifts and masks.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "eider/kernel/bitpack_simd.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace eider::kernel::HWY_NAMESPACE {

// One vector of neighbouring lanes. The lanes of a block are 128 bytes.
template <typename T>
struct UnpackLanes {
  static constexpr uint32_t kBits = 8 * sizeof(T);
  static constexpr uint32_t kCount = kPackedBlockValues / kBits;
  static constexpr uint32_t kVectorBytes = HWY_MAX_BYTES >= 64 ? 64 : HWY_MAX_BYTES >= 32 ? 32 : 16;
  static constexpr uint32_t kPerVector = kVectorBytes / sizeof(T);
  typedef T Vector __attribute__((vector_size(kVectorBytes)));
  static constexpr uint32_t ValueOf(uint32_t row) { return kPackedRowOrder[row / 8] * 16 + row % 8 * 128; }
};

// One row of a vector of lanes.
template <typename T>
HWY_INLINE void UnpackRow(const uint8_t* packed, T* out, uint32_t width, uint32_t row) {
  using L = UnpackLanes<T>;
  const uint32_t word = row * width / L::kBits;
  const uint32_t shift = row * width % L::kBits;
  typename L::Vector v;
  std::memcpy(&v, packed + sizeof(T) * L::kCount * word, sizeof(v));
  if (shift != 0) v >>= shift;
  if (shift + width > L::kBits) {
    typename L::Vector high;
    std::memcpy(&high, packed + sizeof(T) * L::kCount * (word + 1), sizeof(high));
    v |= high << (L::kBits - shift);
  }
  if (width < L::kBits) v &= static_cast<T>((T{1} << width) - 1);
  std::memcpy(out + L::ValueOf(row), &v, sizeof(v));
}

// All shifts and addresses are constants, but where nobody would gain for the minutes of compiling: in instrumented code, and for
// the rare processor of the last resort.
#if defined(EIDER_SANITIZED) || HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
constexpr bool kUnrolled = false;
#else
constexpr bool kUnrolled = true;
#endif

template <typename T, uint32_t kWidth, uint32_t... kRows>
HWY_INLINE void UnpackRows(const uint8_t* packed, T* out, std::integer_sequence<uint32_t, kRows...>) {
  using L = UnpackLanes<T>;
  for (uint32_t lane = 0; lane < L::kCount; lane += L::kPerVector) {
    if constexpr (kUnrolled) {
      (UnpackRow<T>(packed + sizeof(T) * lane, out + lane, kWidth, kRows), ...);
    } else {
      for (uint32_t row = 0; row < L::kBits; ++row) UnpackRow<T>(packed + sizeof(T) * lane, out + lane, kWidth, row);
    }
  }
}

template <typename T, uint32_t kWidth>
void UnpackWidth(const uint8_t* packed, T* out) {
  if constexpr (kWidth == 0) {
    std::memset(out, 0, kPackedBlockValues * sizeof(T));
  } else {
    UnpackRows<T, kWidth>(packed, out, std::make_integer_sequence<uint32_t, UnpackLanes<T>::kBits>());
  }
}

template <typename T, uint32_t... kWidths>
constexpr auto UnpackTable(std::integer_sequence<uint32_t, kWidths...>) {
  return std::array<void (*)(const uint8_t*, T*), sizeof...(kWidths)>{&UnpackWidth<T, kWidths>...};
}

template <typename T>
HWY_INLINE void Unpack(const uint8_t* packed, uint32_t width, T* out) {
  static constexpr auto kTable = UnpackTable<T>(std::make_integer_sequence<uint32_t, 8 * sizeof(T) + 1>());
  kTable[width](packed, out);
}

void Unpack8(const uint8_t* packed, uint32_t width, uint8_t* out) { Unpack(packed, width, out); }
void Unpack16(const uint8_t* packed, uint32_t width, uint16_t* out) { Unpack(packed, width, out); }
void Unpack32(const uint8_t* packed, uint32_t width, uint32_t* out) { Unpack(packed, width, out); }
void Unpack64(const uint8_t* packed, uint32_t width, uint64_t* out) { Unpack(packed, width, out); }

}  // namespace eider::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace eider::kernel {
HWY_EXPORT(Unpack8);
HWY_EXPORT(Unpack16);
HWY_EXPORT(Unpack32);
HWY_EXPORT(Unpack64);

template <>
void UnpackBlock<uint8_t>(const uint8_t* packed, uint32_t width, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(Unpack8)(packed, width, out);
}
template <>
void UnpackBlock<uint16_t>(const uint8_t* packed, uint32_t width, uint16_t* out) {
  HWY_DYNAMIC_DISPATCH(Unpack16)(packed, width, out);
}
template <>
void UnpackBlock<uint32_t>(const uint8_t* packed, uint32_t width, uint32_t* out) {
  HWY_DYNAMIC_DISPATCH(Unpack32)(packed, width, out);
}
template <>
void UnpackBlock<uint64_t>(const uint8_t* packed, uint32_t width, uint64_t* out) {
  HWY_DYNAMIC_DISPATCH(Unpack64)(packed, width, out);
}

}  // namespace eider::kernel
#endif  // HWY_ONCE
