#pragma once
/// \file
/// Numbers as they are written, without loss: literals are compared with integers and decimals exactly.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "eider/expr/native.h"

namespace eider::expr {

/// How a number relates to the values of a type.
enum class Fit {
  kExact,
  kBetween,  ///< between two values; the lower one is given
  kBelow,    ///< less than every value
  kAbove,
};

/// digits x 10^exponent. No leading zeros; zero has no digits.
struct ExactNumber {
  bool negative = false;
  std::string digits;
  int64_t exponent = 0;
};

/// [+-] digits [. digits] [e [+-] digits], all of `text`; nullopt for anything else.
std::optional<ExactNumber> ParseExact(std::string_view text);
/// The greatest integer n with n x 10^-scale <= number; kBelow and kAbove when that has no place in 38 digits, or in the 76
/// of decimal256.
Fit FloorTo(const ExactNumber& number, int scale, Int128* out);
Fit FloorTo(const ExactNumber& number, int scale, Int256* out);

/// The nearest float or double, all of `text`: infinite above the greatest, zero where it is too small; nullopt for what is no number.
template <typename T>
std::optional<T> ReadFloating(std::string_view text);

/// 10^n for n <= 38.
Int128 PowerOfTen(int n);
inline bool InPrecision(Int128 value, int precision) { return value < PowerOfTen(precision) && value > -PowerOfTen(precision); }
/// "-12.34"
std::string DecimalToText(Int128 value, int scale);
std::string DecimalToText(Int256 value, int scale);
/// A number as messages show it.
template <typename T>
std::string Show(T value) {
  if constexpr (std::is_same_v<T, Int128> || std::is_same_v<T, Int256>) return DecimalToText(value, 0);
  else return fmt::format("{}", value);
}
/// Shortest text that reads back as the value; "1.0" rather than "1", "NaN", "inf", as the reference prints.
using FloatText = std::array<char, 64>;
std::string_view ShowFloat(double value, FloatText& buffer);
std::string_view ShowFloat(float value, FloatText& buffer);
std::string DoubleToText(double value);
std::string FloatToText(float value);

}  // namespace eider::expr
