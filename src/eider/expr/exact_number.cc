#include "eider/expr/exact_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "eider/base/utf8.h"
#include "eider/expr/wide_integer.h"

namespace eider::expr {
namespace {

constexpr int kMaxDigits = 38;

/// The shortest digits of a whole number, and zeros: to_chars fills up with the digits of the exact value.
char* ShowWhole(float value, char* begin, char* end) {
  const char* const last = std::to_chars(begin, end, value, std::chars_format::scientific).ptr;
  const char* const e = std::find(static_cast<const char*>(begin), last, 'e');
  int exponent = 0;
  std::from_chars(e + 2, last, exponent);
  char* out = std::remove(begin, begin + (e - begin), '.');
  const auto digits = out - (begin + (value < 0));
  return std::fill_n(out, exponent + 1 - digits, '0');
}

template <typename T>
std::string_view ShowFloating(T value, FloatText& buffer) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  const T magnitude = std::abs(value);
  constexpr bool is_float = std::is_same_v<T, float>;
  const bool plain = magnitude == 0 || (magnitude >= T(is_float ? 1e-6 : 1e-5) && magnitude < T(is_float ? 1e13 : 1e16));
  char* const begin = buffer.data();
  if constexpr (is_float) {
    if (plain && magnitude >= 16777216) return {begin, std::copy_n(".0", 2, ShowWhole(value, begin, begin + buffer.size()))};
  }
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  char* end = std::to_chars(begin, begin + buffer.size(), value, format).ptr;
  if (plain) {
    if (!std::memchr(begin, '.', static_cast<size_t>(end - begin))) end = std::copy_n(".0", 2, end);
    return {begin, end};
  }
  // 1e+20 is printed as 1e20, 1e-07 as 1e-7.
  char* exponent = std::find(begin, end, 'e') + 1;
  const char* digits = exponent + 1;
  while (digits + 1 < end && *digits == '0') ++digits;
  if (*exponent == '-') ++exponent;
  return {begin, std::copy(digits, static_cast<const char*>(end), exponent)};
}

}  // namespace

std::optional<ExactNumber> ParseExact(std::string_view text) {
  ExactNumber number;
  size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) number.negative = text[at++] == '-';
  bool any = false, point = false;
  for (; at < text.size() && (IsDigit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') { point = true; continue; }
    any = true;
    if (!number.digits.empty() || text[at] != '0') number.digits.push_back(text[at]);
    if (point) --number.exponent;
  }
  if (!any) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && text[at] == '+') ++at;
    int32_t exponent = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), exponent);
    if (error != std::errc() || end == text.data() + at) return std::nullopt;
    at = size_t(end - text.data());
    number.exponent += exponent;
  }
  if (at != text.size()) return std::nullopt;
  while (!number.digits.empty() && number.digits.back() == '0') number.digits.pop_back(), ++number.exponent;
  if (number.digits.empty()) number = {};
  return number;
}

template <typename T>
std::optional<T> ReadFloating(std::string_view text) {
  const bool plus = text.starts_with('+'), minus = text.starts_with('-');
  if (plus) text.remove_prefix(1);
  if (plus && text.starts_with('-')) return std::nullopt;
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc()) return value;
  // Too great or too small; of an exponent that has no place its sign tells.
  const std::optional<ExactNumber> exact = ParseExact(text);
  const bool tiny = exact ? int64_t(exact->digits.size()) + exact->exponent < 0 : text.find('-', 1) != std::string_view::npos;
  const T size = tiny ? T(0) : std::numeric_limits<T>::infinity();
  return minus ? -size : size;
}
template std::optional<float> ReadFloating(std::string_view);
template std::optional<double> ReadFloating(std::string_view);

Int128 PowerOfTen(int n) {
  Int128 power = 1;
  for (int i = 0; i < n; ++i) power *= 10;
  return power;
}

Fit FloorTo(const ExactNumber& number, int scale, Int128* out) {
  const int64_t digits = int64_t(number.digits.size()), shift = number.exponent + scale;
  *out = 0;
  if (digits == 0) return Fit::kExact;
  if (digits + shift > kMaxDigits) return number.negative ? Fit::kBelow : Fit::kAbove;
  const int64_t whole = std::clamp<int64_t>(digits + std::min<int64_t>(shift, 0), 0, digits);  // digits before the point
  Int128 value = 0;
  for (int64_t i = 0; i < whole; ++i) value = value * 10 + (number.digits[size_t(i)] - '0');
  if (shift > 0) value *= PowerOfTen(int(shift));
  const bool exact = whole == digits;
  *out = number.negative ? -value - (exact ? 0 : 1) : value;
  return exact ? Fit::kExact : Fit::kBetween;
}

Fit FloorTo(const ExactNumber& number, int scale, Int256* out) {
  const int64_t digits = int64_t(number.digits.size()), shift = number.exponent + scale;
  *out = {};
  if (digits == 0) return Fit::kExact;
  if (digits + shift > kWideDigits) return number.negative ? Fit::kBelow : Fit::kAbove;
  const int64_t whole = std::clamp<int64_t>(digits + std::min<int64_t>(shift, 0), 0, digits);  // digits before the point
  for (int64_t i = 0; i < whole; ++i) MultiplyAdd(*out, 10, uint64_t(number.digits[size_t(i)] - '0'));
  for (int64_t i = 0; i < shift; ++i) MultiplyAdd(*out, 10, 0);
  const bool exact = whole == digits;
  if (number.negative && !exact) MultiplyAdd(*out, 1, 1);
  if (number.negative) *out = Negated(*out);
  return exact ? Fit::kExact : Fit::kBetween;
}

std::string DecimalToText(Int256 value, int scale) {
  const bool negative = IsNegative(value);
  if (negative) value = Negated(value);
  std::string text(size_t(std::max(-scale, 0)), '0');  // backwards
  for (int digit = 0; value != Int256{} || digit <= scale || digit == 0; ++digit) {
    if (digit == scale && scale > 0) text.push_back('.');
    text.push_back(char('0' + DivideBy(value, 10)));
  }
  if (negative) text.push_back('-');
  std::reverse(text.begin(), text.end());
  return text;
}

std::string DecimalToText(Int128 value, int scale) {
  const bool negative = value < 0;
  unsigned __int128 rest = negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  std::string text(size_t(std::max(-scale, 0)), '0');  // backwards
  for (int digit = 0; rest != 0 || digit <= scale || digit == 0; ++digit, rest /= 10) {
    if (digit == scale && scale > 0) text.push_back('.');
    text.push_back(char('0' + int(rest % 10)));
  }
  if (negative) text.push_back('-');
  std::reverse(text.begin(), text.end());
  return text;
}

std::string_view ShowFloat(double value, FloatText& buffer) { return ShowFloating(value, buffer); }
std::string_view ShowFloat(float value, FloatText& buffer) { return ShowFloating(value, buffer); }

std::string DoubleToText(double value) {
  FloatText buffer;
  return std::string(ShowFloat(value, buffer));
}

std::string FloatToText(float value) {
  FloatText buffer;
  return std::string(ShowFloat(value, buffer));
}

}  // namespace eider::expr
