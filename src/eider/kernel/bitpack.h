#pragma once
/// \file
/// Bit-packed blocks of 1024 unsigned integers in the FastLanes order, for elements of T = 8, 16, 32 or 64 bits.
///
///     lanes = 1024 / T; a block of width w is w x lanes words of T bits = 128 w bytes
///     lane l holds T values ("rows"), w bits each, from the least significant bit of its words
///         word(l, 0), word(l, 1), ... = packed[l], packed[lanes + l], ...
///     row r of lane l is value  kOrder[r / 8] * 16 + (r % 8) * 128 + l   of the block,  kOrder = 0 4 2 6 1 5 3 7
///
/// Width 0 stores nothing (all values are 0); width T stores the values unpacked, but still in that order. Input and output
/// bytes need no alignment. The caller guarantees the sizes and w <= T.

#include <cstddef>
#include <cstdint>

namespace eider::kernel {

inline constexpr uint32_t kPackedBlockValues = 1024;
constexpr size_t PackedBlockBytes(uint32_t width) { return size_t{128} * width; }

inline constexpr uint8_t kPackedRowOrder[8] = {0, 4, 2, 6, 1, 5, 3, 7};

/// Reads PackedBlockBytes(width) bytes, writes 1024 values.
template <typename T>
void UnpackBlock(const uint8_t* packed, uint32_t width, T* out);

/// Reads 1024 values (bits above `width` are dropped), writes PackedBlockBytes(width) bytes.
template <typename T>
void PackBlock(const T* values, uint32_t width, uint8_t* packed);

/// Value `index` (< 1024) of a block by address: two word loads, no branch on the data.
template <typename T>
inline T ExtractPacked(const uint8_t* packed, uint32_t width, uint32_t index) {
  constexpr uint32_t kBits = 8 * sizeof(T);
  constexpr uint32_t kLanes = kPackedBlockValues / kBits;
  if (width == 0) return 0;
  const uint32_t column = index % 128;
  const uint32_t lane = column % kLanes;
  const uint32_t row = kPackedRowOrder[column / kLanes * (kLanes / 16)] * 8 + index / 128;
  const uint32_t bit = row * width;
  const uint32_t word = bit / kBits;
  const uint32_t shift = bit % kBits;
  // The last word has no successor; there the value ends within it and the second load only adds bits that the mask drops.
  const uint32_t next = word + (word + 1 < width);
  T low, high;
  __builtin_memcpy(&low, packed + sizeof(T) * (kLanes * word + lane), sizeof(T));
  __builtin_memcpy(&high, packed + sizeof(T) * (kLanes * next + lane), sizeof(T));
  const uint64_t joined = (uint64_t{low} >> shift) | (uint64_t{high} << 1 << (kBits - 1 - shift));
  return static_cast<T>(joined & (~uint64_t{0} >> (64 - width)));
}

template <>
void UnpackBlock<uint8_t>(const uint8_t*, uint32_t, uint8_t*);
template <>
void UnpackBlock<uint16_t>(const uint8_t*, uint32_t, uint16_t*);
template <>
void UnpackBlock<uint32_t>(const uint8_t*, uint32_t, uint32_t*);
template <>
void UnpackBlock<uint64_t>(const uint8_t*, uint32_t, uint64_t*);
extern template void PackBlock<uint8_t>(const uint8_t*, uint32_t, uint8_t*);
extern template void PackBlock<uint16_t>(const uint16_t*, uint32_t, uint8_t*);
extern template void PackBlock<uint32_t>(const uint32_t*, uint32_t, uint8_t*);
extern template void PackBlock<uint64_t>(const uint64_t*, uint32_t, uint8_t*);

}  // namespace eider::kernel
