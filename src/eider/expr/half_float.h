#pragma once
/// \file
/// Numbers of half precision (IEEE 754 binary16), as their bits. Branches are few, so that loops over buffers become vector code.

#include <bit>
#include <cmath>
#include <cstdint>

namespace eider::expr {

inline float HalfToFloat(uint16_t half) {
  const uint32_t sign = uint32_t(half & 0x8000) << 16, exponent = (half >> 10) & 31, fraction = half & 0x3FF;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | fraction << 13);
  const float magnitude = exponent == 0 ? std::ldexp(float(fraction), -24) : std::ldexp(float(fraction | 0x400), int(exponent) - 25);
  return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
}

/// The nearest, of two the even one; infinity from 65520 on.
inline uint16_t FloatToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value), magnitude = bits & 0x7FFFFFFF;
  // Below the normal ones the steps are those of floats from 0.5 to 1: adding 0.5 rounds.
  const uint32_t tiny = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3F000000;
  const uint32_t normal = (magnitude - 0x38000000 + 0xFFF + (magnitude >> 13 & 1)) >> 13;
  const uint32_t special = magnitude > 0x7F800000 ? 0x7E00 : 0x7C00;
  const uint32_t half = magnitude < 0x38800000 ? tiny : magnitude < 0x47800000 ? normal : special;
  return uint16_t(half | (bits >> 16 & 0x8000));
}

inline uint16_t DoubleToHalf(double value) {
  const float near = float(value);
  uint32_t bits = std::bit_cast<uint32_t>(near);
  // To round twice would be wrong between two: what lies beside a float becomes the odd one next to it, which is on no border.
  if (double(near) != value && !std::isnan(value)) bits = (std::abs(double(near)) > std::abs(value) ? bits - 1 : bits) | 1;
  return FloatToHalf(std::bit_cast<float>(bits));
}

}  // namespace eider::expr
