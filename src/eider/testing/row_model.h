#pragma once
/// \file
/// What SQL says of single values, by the rules of docs/guide/filters.md and without a kernel of the engine: the judge of its fuzzers.

#include <cmath>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace eider::testing {

using Whole = __int128;
/// Null, or a value. Integers of every width are Whole.
using SqlValue = std::variant<std::monostate, bool, Whole, float, double, std::string>;

/// A row for which the engine must not give a value: division by zero, overflow, a cast that fails.
struct NoValue {};

inline bool IsNull(const SqlValue& value) { return std::holds_alternative<std::monostate>(value); }
inline bool IsTrue(const SqlValue& value) { return std::holds_alternative<bool>(value) && std::get<bool>(value); }
inline bool IsFalse(const SqlValue& value) { return std::holds_alternative<bool>(value) && !std::get<bool>(value); }

/// Of a number.
inline double AsDouble(const SqlValue& value) {
  if (const auto* whole = std::get_if<Whole>(&value)) return double(*whole);
  if (const auto* narrow = std::get_if<float>(&value)) return double(*narrow);
  return std::get<double>(value);
}

/// NaN is above all numbers and equal to itself; zeros are equal.
inline std::strong_ordering Order(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return int(std::isnan(a)) <=> int(std::isnan(b));
  return a < b ? std::strong_ordering::less : a > b ? std::strong_ordering::greater : std::strong_ordering::equal;
}

/// Exactly, of an integer and a finite number.
inline std::strong_ordering Order(Whole a, double b) {
  if (std::abs(b) > 1.6e38) return b > 0 ? std::strong_ordering::less : std::strong_ordering::greater;
  const double cut = std::trunc(b);
  return Whole(cut) != a ? a <=> Whole(cut) : Order(cut, b);
}

/// Of two values that are not null: numbers (of floats beside anything as doubles), texts by their bytes, false before true.
inline std::strong_ordering Order(const SqlValue& a, const SqlValue& b) {
  if (const auto* text = std::get_if<std::string>(&a)) return text->compare(std::get<std::string>(b)) <=> 0;
  if (const auto* truth = std::get_if<bool>(&a)) return *truth <=> std::get<bool>(b);
  const auto *x = std::get_if<Whole>(&a), *y = std::get_if<Whole>(&b);
  return x && y ? *x <=> *y : Order(AsDouble(a), AsDouble(b));
}

/// + - * / % of integers of at most `bits` bits, or (bits 0) of 38 digits.
inline Whole Compute(char symbol, Whole a, Whole b, bool decimal) {
  Whole out = 0;
  bool failed = (symbol == '/' || symbol == '%') && b == 0;
  if (symbol == '+') failed = __builtin_add_overflow(a, b, &out);
  else if (symbol == '-') failed = __builtin_sub_overflow(a, b, &out);
  else if (symbol == '*') failed = __builtin_mul_overflow(a, b, &out);
  else if (!failed) out = symbol == '/' ? a / b : a % b;
  Whole most = INT64_MAX, least = INT64_MIN;
  if (decimal) {
    for (most = 1; most < Whole(1e18); most *= 10) {}
    most = most * most * 100 - 1, least = -most;
  }
  if (failed || out > most || out < least) throw NoValue();
  return out;
}

template <typename T>
T Compute(char symbol, T a, T b) {
  switch (symbol) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '/': return a / b;
    default: return std::fmod(a, b);
  }
}

/// The integer between `least` and `most` that a cast makes of a number, a boolean or the digits of a text.
inline Whole CastToWhole(const SqlValue& value, Whole least, Whole most) {
  Whole out = 0;
  if (const auto* text = std::get_if<std::string>(&value)) {
    const bool negative = text->starts_with('-');
    size_t at = negative || text->starts_with('+') ? 1 : 0;
    if (at == text->size() || text->size() > 30) throw NoValue();
    for (; at < text->size(); ++at) {
      if ((*text)[at] < '0' || (*text)[at] > '9') throw NoValue();
      out = out * 10 + ((*text)[at] - '0');
    }
    if (negative) out = -out;
  } else if (const auto* whole = std::get_if<Whole>(&value)) {
    out = *whole;
  } else if (const auto* truth = std::get_if<bool>(&value)) {
    out = *truth;
  } else {
    const double number = std::trunc(AsDouble(value));
    if (!(std::abs(number) < 1e30)) throw NoValue();
    out = Whole(number);
  }
  if (out < least || out > most) throw NoValue();
  return out;
}

inline std::string ToText(Whole value) {
  if (value < 0) return "-" + ToText(-value);
  const std::string last(1, char('0' + int(value % 10)));
  return value < 10 ? last : ToText(value / 10) + last;
}

/// How many bytes the first character of a text has.
inline size_t FirstCharacter(std::string_view text) {
  size_t n = 1;
  while (n < text.size() && (uint8_t(text[n]) & 0xC0) == 0x80) ++n;
  return n;
}

/// LIKE, one character at a time; `escape` makes the next character plain.
inline bool IsLike(std::string_view text, std::string_view pattern, char escape) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%' && escape != '%') {
    return IsLike(text, pattern.substr(1), escape) || (!text.empty() && IsLike(text.substr(FirstCharacter(text)), pattern, escape));
  }
  if (text.empty()) return false;
  const bool any = pattern[0] == '_' && escape != '_';
  if (!any && pattern[0] == escape && pattern.size() > 1) pattern.remove_prefix(1);
  const size_t a = FirstCharacter(text), b = FirstCharacter(pattern);
  return (any || text.substr(0, a) == pattern.substr(0, b)) && IsLike(text.substr(a), pattern.substr(b), escape);
}

}  // namespace eider::testing
