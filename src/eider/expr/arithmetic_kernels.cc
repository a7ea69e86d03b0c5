#include "eider/expr/arithmetic_kernels.h"

#include <algorithm>
#include <cmath>

#include "eider/expr/exact_number.h"
#include "eider/expr/functions/characters.h"
#include "eider/expr/native.h"
#include "eider/expr/temporal.h"
#include "eider/expr/wide_integer.h"

namespace eider::expr {
namespace {

constexpr std::string_view kOverflow = "the result has no place in 64 bits (cast to double or decimal first)";
constexpr std::string_view kDecimalOverflow = "the result has no place in 38 digits (cast to double first)";
constexpr std::string_view kWideOverflow = "the result has no place in 76 digits (cast to double first)";
constexpr std::string_view kByZero = "division by zero";

/// op(a, b, &out) is true where there is no value. A first pass does all rows at once; only when it met a failure a second one looks
/// whether any row that matters is among them.
template <typename T, typename Op>
ArrayPtr Apply(const Call& call, std::string_view what, Op op) {
  const Column &left = call.arguments[0], &right = call.arguments[1];
  const Reader<T> a(left), b(right);
  BufferBuilder out;
  out.Resize(size_t(call.rows) * sizeof(T));
  T* to = out.as<T>();
  bool failed = false;
  if (right.constant) {
    const T value = b[0];
    for (int64_t row = 0; row < call.rows; ++row) failed |= op(a[row], value, to + row);
  } else {
    for (int64_t row = 0; row < call.rows; ++row) failed |= op(a[row], b[row], to + row);
  }
  Buffer validity = IntersectValidity(call.arguments, call.rows);
  for (int64_t row = 0; failed && row < call.rows; ++row) {
    if (!IsLive(call.live, row) || (validity.present() && !GetBit(validity.data(), uint64_t(row)))) continue;
    T ignored;
    if (!op(a[row], b[row], &ignored)) continue;
    if (b[row] != T{} && what == kByZero) what = std::is_same_v<T, Int128> ? kDecimalOverflow : kOverflow;
    throw Invalid("{}: {} and {}", what, Show(a[row]), Show(b[row]));
  }
  return MakeFixed(call.type, call.rows, out.Finish(), std::move(validity));
}

/// No decimal holds the value, though 128 bits do.
template <typename T>
bool HasTooManyDigits(T value) {
  if constexpr (std::is_same_v<T, Int128>) return !InPrecision(value, 38);
  return false;
}

template <typename T>
Kernel WholeOperator(char symbol) {
  static constexpr std::string_view overflow = std::is_same_v<T, Int128> ? kDecimalOverflow : kOverflow;
  switch (symbol) {
    case '+': return [](const Call& call) { return Apply<T>(call, overflow, [](T a, T b, T* out) { return __builtin_add_overflow(a, b, out) || HasTooManyDigits(*out); }); };
    case '-': return [](const Call& call) { return Apply<T>(call, overflow, [](T a, T b, T* out) { return __builtin_sub_overflow(a, b, out) || HasTooManyDigits(*out); }); };
    case '*': return [](const Call& call) { return Apply<T>(call, overflow, [](T a, T b, T* out) { return __builtin_mul_overflow(a, b, out) || HasTooManyDigits(*out); }); };
    case '/':
      return [](const Call& call) {
        return Apply<T>(call, kByZero, [](T a, T b, T* out) {
          if (b == 0) return *out = 0, true;
          if (b == -1) return __builtin_sub_overflow(T{0}, a, out);
          return *out = a / b, false;
        });
      };
    default:
      return [](const Call& call) {
        return Apply<T>(call, kByZero, [](T a, T b, T* out) {
          if (b == 0) return *out = 0, true;
          return *out = b == -1 ? T{0} : T(a % b), false;
        });
      };
  }
}

Kernel WideOperator(char symbol) {
  switch (symbol) {
    case '+': return [](const Call& call) { return Apply<Int256>(call, kWideOverflow, AddOverflows); };
    case '-': return [](const Call& call) { return Apply<Int256>(call, kWideOverflow, SubtractOverflows); };
    case '*': return [](const Call& call) { return Apply<Int256>(call, kWideOverflow, MultiplyOverflows); };
    default: throw Invalid("decimals of more than 38 digits have no {} (cast to double first)", symbol);
  }
}

template <typename T>
Kernel FloatOperator(char symbol) {
  switch (symbol) {
    case '+': return [](const Call& call) { return Apply<T>(call, "", [](T a, T b, T* out) { return *out = a + b, false; }); };
    case '-': return [](const Call& call) { return Apply<T>(call, "", [](T a, T b, T* out) { return *out = a - b, false; }); };
    case '*': return [](const Call& call) { return Apply<T>(call, "", [](T a, T b, T* out) { return *out = a * b, false; }); };
    case '/': return [](const Call& call) { return Apply<T>(call, "", [](T a, T b, T* out) { return *out = a / b, false; }); };
    default: return [](const Call& call) { return Apply<T>(call, "", [](T a, T b, T* out) { return *out = std::fmod(a, b), false; }); };
  }
}

template <typename T>
Kernel BitsOf(char symbol) {
  const auto masked = [](T by) { return unsigned(by) & 63; };
  switch (symbol) {
    case '&': return [](const Call& call) { return Apply<T>(call, "", [](T a, T b, T* out) { return *out = a & b, false; }); };
    case '|': return [](const Call& call) { return Apply<T>(call, "", [](T a, T b, T* out) { return *out = a | b, false; }); };
    case '^': return [](const Call& call) { return Apply<T>(call, "", [](T a, T b, T* out) { return *out = a ^ b, false; }); };
    case '<': return [=](const Call& call) { return Apply<T>(call, "", [=](T a, T b, T* out) { return *out = T(uint64_t(a) << masked(b)), false; }); };
    default: return [=](const Call& call) { return Apply<T>(call, "", [=](T a, T b, T* out) { return *out = a >> masked(b), false; }); };
  }
}

}  // namespace

Kernel NumberOperator(char symbol, const TypePtr& type) {
  switch (type->id) {
    case TypeId::kFloat: return FloatOperator<float>(symbol);
    case TypeId::kDouble: return FloatOperator<double>(symbol);
    case TypeId::kDecimal128: return WholeOperator<Int128>(symbol);
    case TypeId::kDecimal256: return WideOperator(symbol);
    default: return WholeOperator<int64_t>(symbol);
  }
}

Kernel DecimalDivision(int shift) {
  return [shift](const Call& call) {
    const Int128 power = PowerOfTen(shift);
    return Apply<Int128>(call, kByZero, [power](Int128 a, Int128 b, Int128* out) {
      Int128 wide = 0;
      if (b == 0 || __builtin_mul_overflow(a, power, &wide)) return *out = 0, true;
      return *out = wide / b, false;
    });
  };
}

Kernel BitOperator(char symbol, const TypePtr& type) {
  return type->id == TypeId::kUInt64 ? BitsOf<uint64_t>(symbol) : BitsOf<int64_t>(symbol);
}

Kernel IntervalOperator(int sign) {
  return [sign](const Call& call) {
    const Column &left = call.arguments[0], &right = call.arguments[1];
    const Int128 step = NanosPerStep(left.type());
    const auto run = [&](auto zero) {
      using T = decltype(zero);
      const Reader<T> values(left);
      Builder<T> out(call.rows);
      for (int64_t row = 0; row < call.rows; ++row) {
        if (!left.IsValid(row) || !right.IsValid(row)) { out.AppendNull(); continue; }
        const std::optional<Int128> nanos = AddInterval(Int128(values[row]) * step, ReadInterval(right, row), sign);
        const Int128 steps = nanos ? FloorDiv(*nanos, step) : Int128(INT64_MAX) + 1;
        if (steps >= Int128(std::numeric_limits<T>::min()) && steps <= Int128(std::numeric_limits<T>::max())) out.Append(T(steps));
        else if (IsLive(call.live, row)) throw Invalid("the result has no place in {}", TypeToString(*call.type));
        else out.AppendNull();
      }
      return out.Finish(call.type);
    };
    return left.type().id == TypeId::kDate32 ? run(int32_t{}) : run(int64_t{});
  };
}

Kernel ConcatOperator() {
  return [](const Call& call) {
    std::vector<Reader<std::string_view>> parts;
    for (const Column& column : call.arguments) parts.emplace_back(column);
    const auto is_valid = [&](int64_t row) { return std::ranges::all_of(call.arguments, [row](const Column& column) { return column.IsValid(row); }); };
    Builder<std::string_view> out(call.rows);
    std::string text;
    for (int64_t row = 0; row < call.rows; ++row) {
      if (!is_valid(row)) { out.AppendNull(); continue; }
      text.clear();
      for (const Reader<std::string_view>& part : parts) text += part[row];
      RequireTextBytes(text.size());
      out.Append(text);
    }
    return out.Finish(call.type);
  };
}

}  // namespace eider::expr
