#include "eider/expr/literal.h"

#include <cmath>
#include <limits>

#include "eider/expr/half_float.h"
#include "eider/expr/native.h"
#include "eider/expr/temporal.h"
#include "eider/expr/time_zone.h"

namespace eider::expr {
namespace {

[[noreturn]] void Refuse(const LiteralNode& literal, const TypePtr& type) {
  throw Invalid("a literal of type {} does not become {}", TypeToString(*literal.type()), TypeToString(*type));
}

double ReadDouble(std::string_view text) { return ReadFloating<double>(text).value_or(0); }

/// The number that a literal is; nullopt for NaN and infinities.
std::optional<ExactNumber> ExactOf(const LiteralNode& literal) {
  if (!literal.text().empty()) return ParseExact(literal.text());
  const Column column{literal.value(), true};
  const TypeId id = literal.type()->id;
  if (id == TypeId::kDecimal128) return ParseExact(DecimalToText(Reader<Int128>(column)[0], literal.type()->scale));
  if (id == TypeId::kDecimal256) return ParseExact(DecimalToText(Reader<Int256>(column)[0], literal.type()->scale));
  if (id == TypeId::kDouble) return ParseExact(DoubleToText(Reader<double>(column)[0]));
  if (id == TypeId::kFloat) return ParseExact(FloatToText(Reader<float>(column)[0]));
  return ParseExact(DecimalToText(VisitNative(id, [&](auto zero) -> Int128 {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T>) return Reader<T>(column)[0];
    else return 0;
  }), 0));
}

double DoubleOf(const LiteralNode& literal) {
  if (!literal.text().empty()) return ReadDouble(literal.text());
  const Column column{literal.value(), true};
  if (literal.type()->id == TypeId::kFloat) return Reader<float>(column)[0];
  if (literal.type()->id == TypeId::kDouble) return Reader<double>(column)[0];
  if (literal.type()->id == TypeId::kDecimal128) return ReadDouble(DecimalToText(Reader<Int128>(column)[0], literal.type()->scale));
  if (literal.type()->id == TypeId::kDecimal256) return ReadDouble(DecimalToText(Reader<Int256>(column)[0], literal.type()->scale));
  return VisitNative(literal.type()->id, [&](auto zero) -> double {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T>) return double(Reader<T>(column)[0]);
    else return 0;
  });
}

Fitted FitWideDecimal(const LiteralNode& literal, const TypePtr& type) {
  const std::optional<ExactNumber> exact = ExactOf(literal);
  if (!exact) return {nullptr, DoubleOf(literal) < 0 ? Fit::kBelow : Fit::kAbove};
  Int256 floor{};
  const Fit fit = FloorTo(*exact, type->scale, &floor);
  if (fit == Fit::kBelow || fit == Fit::kAbove) return {nullptr, fit};
  return {MakeLiteral(One(type, floor)), fit};
}

Fitted FitInteger(const LiteralNode& literal, const TypePtr& type) {
  if (type->id == TypeId::kDecimal256) return FitWideDecimal(literal, type);
  Int128 floor = 0;
  Fit fit;
  if (const std::optional<ExactNumber> exact = ExactOf(literal)) fit = FloorTo(*exact, type->scale, &floor);
  else fit = DoubleOf(literal) < 0 ? Fit::kBelow : Fit::kAbove;  // NaN is above all
  if (fit == Fit::kBelow || fit == Fit::kAbove) return {nullptr, fit};
  return VisitNative(type->id, [&](auto zero) -> Fitted {
    using T = decltype(zero);
    if constexpr (std::is_same_v<T, Int128>) {
      return {MakeLiteral(One(type, floor)), fit};
    } else if constexpr (std::is_integral_v<T>) {
      if (floor < Int128(std::numeric_limits<T>::min())) return {nullptr, Fit::kBelow};
      if (floor > Int128(std::numeric_limits<T>::max())) return {nullptr, Fit::kAbove};
      return {MakeLiteral(One(type, T(floor))), fit};
    } else {
      Refuse(literal, type);
    }
  });
}

Fitted FitFloat(const LiteralNode& literal, const TypePtr& type) {
  const double value = DoubleOf(literal);
  if (type->id == TypeId::kHalfFloat) {  // such columns are compared as floats
    const float half = HalfToFloat(DoubleToHalf(value));
    const TypePtr wide = MakeType(TypeId::kFloat);
    if (!std::isinf(half) || std::isinf(value)) return {MakeLiteral(One(wide, half)), Fit::kExact};
    return {MakeLiteral(One(wide, value > 0 ? 65504.0f : half)), Fit::kBetween};
  }
  if (type->id == TypeId::kDouble) return {MakeLiteral(One(type, value)), Fit::kExact};
  const float narrow = float(value);
  if (std::isinf(narrow) && !std::isinf(value)) {
    return {MakeLiteral(One(type, value > 0 ? std::numeric_limits<float>::max() : narrow)), Fit::kBetween};
  }
  return {MakeLiteral(One(type, narrow)), Fit::kExact};
}

/// `nanos` as steps of a date, time, timestamp or duration.
Fitted FitSteps(Int128 nanos, const TypePtr& type) {
  const Int128 step = type->id == TypeId::kDate64 ? Int128(kNanosPerDay) : NanosPerStep(*type);
  const Int128 floor = FloorDiv(nanos, step) * (step / NanosPerStep(*type));
  const Fit fit = nanos % step == 0 ? Fit::kExact : Fit::kBetween;
  const bool narrow = type->id == TypeId::kDate32 || type->id == TypeId::kTime32;
  const Int128 low = narrow ? Int128(INT32_MIN) : Int128(INT64_MIN), high = narrow ? Int128(INT32_MAX) : Int128(INT64_MAX);
  if (floor < low) return {nullptr, Fit::kBelow};
  if (floor > high) return {nullptr, Fit::kAbove};
  return {MakeLiteral(narrow ? One(type, int32_t(floor)) : One(type, int64_t(floor))), fit};
}

/// What shows no offset shows the clock of the type's zone.
Fitted FitInstant(Instant instant, const TypePtr& type) {
  if (instant.offset) {
    instant.nanos -= Int128(*instant.offset) * kNanosPerSecond;
  } else if (!type->timezone.empty()) {
    const Int128 second = FloorDiv(instant.nanos, kNanosPerSecond);
    if (second > INT64_MAX / 2 || second < INT64_MIN / 2) return {nullptr, second < 0 ? Fit::kBelow : Fit::kAbove};
    instant.nanos += (TimeZone::Find(type->timezone)->ToUtc(int64_t(second)) - second) * kNanosPerSecond;
  }
  return FitSteps(instant.nanos, type);
}

Fitted FitText(const LiteralNode& literal, const TypePtr& type) {
  const Column column{literal.value(), true};
  const std::string_view text = Reader<std::string_view>(column)[0];
  if (IsDate(type->id) || type->id == TypeId::kTimestamp) {
    if (const std::optional<Instant> instant = ParseInstant(text)) return FitInstant(*instant, type);
  } else if (IsTime(type->id)) {
    if (const std::optional<int64_t> nanos = ParseTimeOfDay(text)) return FitSteps(*nanos, type);
  } else if (type->id == TypeId::kDuration) {
    const std::optional<Interval> interval = ParseInterval(text);
    if (interval && interval->months == 0) return FitSteps(Int128(interval->days) * kNanosPerDay + interval->nanos, type);
  } else if (type->id == TypeId::kDecimal256) {
    Int256 floor{};
    if (const std::optional<ExactNumber> exact = ParseExact(text)) {
      const Fit fit = FloorTo(*exact, type->scale, &floor);
      if (fit == Fit::kBelow || fit == Fit::kAbove) return {nullptr, fit};
      return {MakeLiteral(One(type, floor)), fit};
    }
  } else if (type->id == TypeId::kDecimal128) {
    Int128 floor = 0;
    if (const std::optional<ExactNumber> exact = ParseExact(text)) {
      const Fit fit = FloorTo(*exact, type->scale, &floor);
      if (fit == Fit::kBelow || fit == Fit::kAbove) return {nullptr, fit};
      return {MakeLiteral(One(type, floor)), fit};
    }
  }
  throw Invalid("'{}' is no {}", text.substr(0, 60), TypeToString(*type));
}

/// Months have no length that a duration could be.
Fitted FitInterval(const LiteralNode& literal, const TypePtr& type) {
  const Interval interval = ReadInterval({literal.value(), true}, 0);
  if (interval.months != 0) throw Invalid("an interval of months is no {}: how long it is depends on the date", TypeToString(*type));
  return FitSteps(Int128(interval.days) * kNanosPerDay + interval.nanos, type);
}

bool IsInstantType(const DataType& type) { return IsDate(type.id) || type.id == TypeId::kTimestamp; }

Instant InstantOf(const LiteralNode& literal) {
  const Column column{literal.value(), true};
  const Int128 steps = literal.type()->id == TypeId::kDate32 ? Int128(Reader<int32_t>(column)[0]) : Int128(Reader<int64_t>(column)[0]);
  Instant instant{steps * NanosPerStep(*literal.type()), std::nullopt};
  if (!literal.type()->timezone.empty()) instant.offset = 0;
  return instant;
}

}  // namespace

NodePtr NumberLiteral(const std::string& text) {
  const std::optional<ExactNumber> exact = ParseExact(text);
  if (!exact) throw Invalid("'{}' is no number", text.substr(0, 60));
  if (text.find_first_of(".eE") == std::string::npos) {
    Int128 value = 0;
    if (FloorTo(*exact, 0, &value) == Fit::kExact) {
      if (value >= INT64_MIN && value <= INT64_MAX) return MakeLiteral(One(MakeType(TypeId::kInt64), int64_t(value)), text);
      if (value > 0 && value <= Int128(UINT64_MAX)) return MakeLiteral(One(MakeType(TypeId::kUInt64), uint64_t(value)), text);
    }
  }
  return MakeLiteral(One(MakeType(TypeId::kDouble), ReadDouble(text)), text);
}

NodePtr TextLiteral(std::string_view text) { return MakeLiteral(One(MakeType(TypeId::kUtf8), text)); }
NodePtr BoolLiteral(bool value) { return MakeLiteral(One(MakeType(TypeId::kBool), value)); }

Fitted FitLiteral(const LiteralNode& literal, const TypePtr& type) {
  const TypeId from = literal.type()->id, to = type->id;
  if (!literal.value()->IsValid(0)) return {MakeNullLiteral(type), Fit::kExact};
  if (IsNumber(from) && (IsWhole(to) || IsDecimal(to))) return FitInteger(literal, type);
  if (IsNumber(from) && IsFloat(to)) return FitFloat(literal, type);
  if ((IsText(from) && IsText(to)) || (IsBytes(from) && IsBytes(to)) || TypesEqual(*literal.type(), *type)) {
    return {std::make_shared<LiteralNode>(literal.value(), literal.text()), Fit::kExact};
  }
  if (IsText(from)) return FitText(literal, type);
  if (IsInterval(*literal.type()) && to == TypeId::kDuration) return FitInterval(literal, type);
  if (IsInstantType(*literal.type()) && IsInstantType(*type)) return FitInstant(InstantOf(literal), type);
  Refuse(literal, type);
}

}  // namespace eider::expr
