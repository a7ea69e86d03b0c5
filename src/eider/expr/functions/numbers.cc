/// Mathematics.

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <random>

#include "eider/expr/exact_number.h"
#include "eider/expr/functions/function.h"
#include "eider/expr/functions/map_rows.h"
#include "eider/expr/wide_integer.h"

namespace eider::expr {
namespace {

[[noreturn]] void Overflow(std::string_view what) { throw Invalid("{} has no place in 64 bits", what); }

int64_t Abs(int64_t x) {
  if (x == INT64_MIN) Overflow("the absolute value");
  return x < 0 ? -x : x;
}

int64_t Factorial(int64_t n) {
  if (n < 0) throw Invalid("the factorial of {}", n);
  if (n > 20) Overflow("the factorial");
  int64_t out = 1;
  for (int64_t i = 2; i <= n; ++i) out *= i;
  return out;
}

int64_t Gcd(int64_t a, int64_t b) {
  uint64_t x = a < 0 ? -uint64_t(a) : uint64_t(a), y = b < 0 ? -uint64_t(b) : uint64_t(b);
  while (y) x = std::exchange(y, x % y);
  if (x > uint64_t(INT64_MAX)) Overflow("the divisor");
  return int64_t(x);
}

int64_t Lcm(int64_t a, int64_t b) {
  if (a == 0 || b == 0) return 0;
  int64_t out = 0;
  if (__builtin_mul_overflow(a / Gcd(a, b), b, &out) || out == INT64_MIN) Overflow("the multiple");
  return out < 0 ? -out : out;
}

int64_t Mod(int64_t a, int64_t b) {
  if (b == 0) throw Invalid("division by zero: {} and {}", a, b);
  return b == -1 ? 0 : a % b;
}

double Round(double x, int64_t digits) {
  if (digits > 300 || digits < -300 || !std::isfinite(x)) return digits < -300 ? 0 : x;
  const double power = std::pow(10.0, double(digits));
  const double scaled = x * power;
  return std::isfinite(scaled) ? std::round(scaled) / power : x;
}

double Trunc(double x, int64_t digits) {
  if (digits > 300 || digits < -300 || !std::isfinite(x)) return digits < -300 ? 0 : x;
  const double power = std::pow(10.0, double(digits));
  const double scaled = x * power;
  return std::isfinite(scaled) ? std::trunc(scaled) / power : x;
}

/// Exact for cubes: one step of Newton after the library's.
double Cbrt(double x) {
  const double root = std::cbrt(x);
  return root == 0 || !std::isfinite(root) ? root : root - (root * root * root - x) / (3 * root * root);
}

double Sign(double x) { return std::isnan(x) ? x : double(x > 0) - double(x < 0); }

/// edit(value, &out) of each row; a live one that leaves the precision of the type is an error.
template <typename Edit>
ArrayPtr EditDecimal(const Call& call, Edit&& edit) {
  const Column& column = call.arguments[0];
  const Reader<Int128> values(column);
  Builder<Int128> out(call.rows);
  for (int64_t row = 0; row < call.rows; ++row) {
    Int128 value = 0;
    const bool asked = column.IsValid(row) && IsLive(call.live, row);
    if (asked && (!edit(values[row], &value) || !InPrecision(value, call.type->precision))) throw Invalid("the result has no place in {}", TypeToString(*call.type));
    if (asked) out.Append(value);
    else out.AppendNull();
  }
  return out.Finish(call.type);
}

ArrayPtr AbsDecimal(const Call& call) {
  return EditDecimal(call, [](Int128 value, Int128* out) { return value < 0 ? !__builtin_sub_overflow(Int128(0), value, out) : (*out = value, true); });
}

/// Decimals to a number of digits: floor (-1), ceil (1), or half away from zero (0).
template <int direction>
ArrayPtr RoundDecimal(const Call& call) {
  const Int128 unit = PowerOfTen(std::clamp(call.arguments[0].type().scale, 0, 38));
  return EditDecimal(call, [unit](Int128 value, Int128* out) {
    const Int128 cut = value % unit, rest = cut < 0 ? cut + unit : cut;
    const bool up = direction > 0 ? rest != 0 : direction < 0 ? false : rest > unit - rest || (rest != 0 && rest == unit - rest && value > 0);
    return !__builtin_sub_overflow(value, rest, out) && !(up && __builtin_add_overflow(*out, unit, out));
  });
}

ArrayPtr Random(const Call& call) {
  std::random_device device;
  std::mt19937_64 random((uint64_t(device()) << 32) | device());
  Builder<double> out(call.rows);
  for (int64_t row = 0; row < call.rows; ++row) out.Append(double(random() >> 11) * 0x1.0p-53);
  return out.Finish(call.type);
}

}  // namespace

FunctionTable NumberFunctions() {
  using std::numbers::pi;
  return {
      {"abs", "int -> int", Map([](int64_t x) { return Abs(x); })},
      {"abs", "double -> double", Map([](double x) { return std::fabs(x); })},
      {"abs", "decimal -> same", AbsDecimal},
      {"abs", "wide -> same", Map([](Int256 x) { return IsNegative(x) ? Negated(x) : x; })},
      {"acos", "double -> double", Map([](double x) { return std::acos(x); })},
      {"acosh", "double -> double", Map([](double x) { return std::acosh(x); })},
      {"asin", "double -> double", Map([](double x) { return std::asin(x); })},
      {"asinh", "double -> double", Map([](double x) { return std::asinh(x); })},
      {"atan", "double -> double", Map([](double x) { return std::atan(x); })},
      {"atan2", "double, double -> double", Map([](double y, double x) { return std::atan2(y, x); })},
      {"atanh", "double -> double", Map([](double x) { return std::atanh(x); })},
      {"cbrt", "double -> double", Map([](double x) { return Cbrt(x); })},
      {"ceil|ceiling", "int -> int", Map([](int64_t x) { return x; })},
      {"ceil|ceiling", "double -> double", Map([](double x) { return std::ceil(x); })},
      {"ceil|ceiling", "decimal -> same", RoundDecimal<1>},
      {"cos", "double -> double", Map([](double x) { return std::cos(x); })},
      {"cosh", "double -> double", Map([](double x) { return std::cosh(x); })},
      {"cot", "double -> double", Map([](double x) { return 1 / std::tan(x); })},
      {"degrees", "double -> double", Map([](double x) { return x * (180 / pi); })},
      {"exp", "double -> double", Map([](double x) { return std::exp(x); })},
      {"factorial", "int -> int", Map([](int64_t n) { return Factorial(n); })},
      {"floor", "int -> int", Map([](int64_t x) { return x; })},
      {"floor", "double -> double", Map([](double x) { return std::floor(x); })},
      {"floor", "decimal -> same", RoundDecimal<-1>},
      {"gcd", "int, int -> int", Map([](int64_t a, int64_t b) { return Gcd(a, b); })},
      {"lcm", "int, int -> int", Map([](int64_t a, int64_t b) { return Lcm(a, b); })},
      {"isnan", "double -> bool", Map([](double x) { return std::isnan(x); })},
      {"isinf", "double -> bool", Map([](double x) { return std::isinf(x); })},
      {"isfinite", "double -> bool", Map([](double x) { return std::isfinite(x); })},
      {"iszero", "double -> bool", Map([](double x) { return x == 0; })},
      {"ln", "double -> double", Map([](double x) { return std::log(x); })},
      {"log", "double -> double", Map([](double x) { return std::log10(x); })},
      {"log", "double, double -> double", Map([](double base, double x) { return base == 2 ? std::log2(x) : base == 10 ? std::log10(x) : std::log(x) / std::log(base); })},
      {"log10", "double -> double", Map([](double x) { return std::log10(x); })},
      {"log2", "double -> double", Map([](double x) { return std::log2(x); })},
      {"mod", "int, int -> int", Map([](int64_t a, int64_t b) { return Mod(a, b); })},
      {"mod", "double, double -> double", Map([](double a, double b) { return std::fmod(a, b); })},
      {"nanvl", "double, double -> double", Map([](double x, double other) { return std::isnan(x) ? other : x; })},
      {"pi", "-> double", [](const Call& call) { return One(call.type, pi); }},
      {"power|pow", "double, double -> double", Map([](double x, double y) { return std::pow(x, y); })},
      {"radians", "double -> double", Map([](double x) { return x * (pi / 180); })},
      {"random", "-> double", Random, nullptr, true},
      {"round", "int -> int", Map([](int64_t x) { return x; })},
      {"round", "double -> double", Map([](double x) { return std::round(x); })},
      {"round", "double, int -> double", Map([](double x, int64_t digits) { return Round(x, digits); })},
      {"round", "decimal -> same", RoundDecimal<0>},
      {"signum|sign", "double -> double", Map([](double x) { return Sign(x); })},
      {"sin", "double -> double", Map([](double x) { return std::sin(x); })},
      {"sinh", "double -> double", Map([](double x) { return std::sinh(x); })},
      {"sqrt", "double -> double", Map([](double x) { return std::sqrt(x); })},
      {"tan", "double -> double", Map([](double x) { return std::tan(x); })},
      {"tanh", "double -> double", Map([](double x) { return std::tanh(x); })},
      {"trunc|truncate", "double -> double", Map([](double x) { return std::trunc(x); })},
      {"trunc|truncate", "double, int -> double", Map([](double x, int64_t digits) { return Trunc(x, digits); })},
  };
}

}  // namespace eider::expr
