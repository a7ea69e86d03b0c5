#include "eider/expr/cast_text.h"

#include <charconv>
#include <cmath>

#include "eider/base/utf8.h"
#include "eider/expr/cast_rows.h"
#include "eider/expr/exact_number.h"
#include "eider/expr/native.h"
#include "eider/expr/temporal.h"
#include "eider/expr/time_zone.h"

namespace eider::expr {
namespace {

std::string Quoted(std::string_view text) { return fmt::format("'{}'", text.substr(0, 60)); }

template <typename T, typename Parse>
Kernel ParseKernel(bool lenient, Parse parse) {
  return [=](const Call& call) { return ConvertRows<std::string_view, T>(call, lenient, parse, Quoted); };
}

template <typename T>
bool ParseWhole(std::string_view text, T* out) {
  if (text.starts_with("+-")) return false;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

template <typename T>
bool ParseFloating(std::string_view text, T* out) {
  const std::optional<T> value = ReadFloating<T>(text);
  *out = value.value_or(0);
  return value.has_value();
}

bool ParseBool(std::string_view text, bool* out) {
  const std::string small = LowerAscii(text.substr(0, 6));
  for (const std::string_view word : {"true", "t", "yes", "y", "on", "1"}) {
    if (small == word) return *out = true, true;
  }
  for (const std::string_view word : {"false", "f", "no", "n", "off", "0"}) {
    if (small == word) return *out = false, true;
  }
  return false;
}

template <typename T>
bool Narrow(Int128 value, T* out) {
  if (value < Int128(std::numeric_limits<T>::min()) || value > Int128(std::numeric_limits<T>::max())) return false;
  *out = T(value);
  return true;
}

Kernel ParseDecimalKernel(const DataType& to, bool lenient) {
  return ParseKernel<Int128>(lenient, [scale = to.scale, precision = to.precision](std::string_view text, Int128* out) {
    const std::optional<ExactNumber> exact = ParseExact(text);
    if (!exact) return false;
    // One digit more, to round half away from zero.
    ExactNumber size = *exact;
    size.negative = false;
    const Fit fit = FloorTo(size, scale + 1, out);
    if (fit == Fit::kAbove) return false;
    *out = (*out + 5) / 10;
    if (*out >= PowerOfTen(precision)) return false;
    if (exact->negative) *out = -*out;
    return true;
  });
}

/// Dates and timestamps. Text without an offset shows the clock of the type's zone, when it has one.
template <typename T>
Kernel ParseInstantKernel(const TypePtr& to, bool lenient) {
  std::shared_ptr<const TimeZone> zone = to->timezone.empty() ? nullptr : TimeZone::Find(to->timezone);
  return ParseKernel<T>(lenient, [zone, step = NanosPerStep(*to)](std::string_view text, T* out) {
    const std::optional<Instant> instant = ParseInstant(text);
    if (!instant) return false;
    Int128 nanos = instant->nanos;
    if (instant->offset) {
      nanos -= Int128(*instant->offset) * kNanosPerSecond;
    } else if (zone) {
      const Int128 seconds = FloorDiv(nanos, kNanosPerSecond);
      nanos += (zone->ToUtc(int64_t(seconds)) - seconds) * kNanosPerSecond;
    }
    return Narrow(FloorDiv(nanos, step), out);
  });
}

template <typename T>
Kernel ParseTimeKernel(const TypePtr& to, bool lenient) {
  return ParseKernel<T>(lenient, [step = NanosPerStep(*to)](std::string_view text, T* out) {
    const std::optional<int64_t> nanos = ParseTimeOfDay(text);
    return nanos && Narrow(Int128(*nanos) / step, out);
  });
}

Kernel ParseDurationKernel(const TypePtr& to, bool lenient) {
  return ParseKernel<int64_t>(lenient, [step = NanosPerStep(*to)](std::string_view text, int64_t* out) {
    const std::optional<Interval> interval = ParseInterval(text);
    return interval && interval->months == 0 && Narrow((Int128(interval->days) * kNanosPerDay + interval->nanos) / step, out);
  });
}

template <typename T>
ToText NativeToText(std::string (*show)(T)) {
  return [show](const Array& array, int64_t i) { return show(Reader<T>(Column{ArrayPtr(ArrayPtr(), &array), false})[i]); };
}

/// What NativeToText and its like do, without a string for each value.
template <typename T>
Kernel NumberToTextKernel() {
  return [](const Call& call) {
    const Column& column = call.arguments[0];
    const Reader<T> values(column);
    Builder<std::string_view> out(call.rows);
    FloatText buffer;
    for (int64_t row = 0; row < call.rows; ++row) {
      if (!column.IsValid(row)) {
        out.AppendNull();
      } else if constexpr (std::is_floating_point_v<T>) {
        out.Append(ShowFloat(values[row], buffer));
      } else {
        const fmt::format_int digits(values[row]);
        out.Append({digits.data(), digits.size()});
      }
    }
    return out.Finish(call.type);
  };
}

ToText TemporalToText(const DataType& type) {
  const Int128 step = NanosPerStep(type);
  const std::shared_ptr<const TimeZone> zone = type.timezone.empty() ? nullptr : TimeZone::Find(type.timezone);
  return [=, id = type.id](const Array& array, int64_t i) -> std::string {
    const Column column{ArrayPtr(ArrayPtr(), &array), false};
    const bool narrow = id == TypeId::kDate32 || id == TypeId::kTime32;
    const Int128 nanos = (narrow ? Int128(Reader<int32_t>(column)[i]) : Int128(Reader<int64_t>(column)[i])) * step;
    if (IsDate(id)) return DateToText(int64_t(FloorDiv(nanos, kNanosPerDay)));
    if (IsTime(id)) return TimeToText(int64_t(nanos));
    if (id == TypeId::kDuration) return DurationToText(nanos);
    if (!zone) return InstantToText(nanos);
    const int64_t offset = zone->OffsetAt(int64_t(FloorDiv(nanos, kNanosPerSecond)));
    const std::string text = InstantToText(nanos + Int128(offset) * kNanosPerSecond);
    if (offset == 0) return text + "Z";
    return text + fmt::format("{}{:02}:{:02}", offset < 0 ? '-' : '+', std::abs(offset) / 3600, std::abs(offset) / 60 % 60);
  };
}

ToText ListToText(const DataType& type) {
  return [item = ToTextOf(*type.children[0].type)](const Array& array, int64_t i) {
    const Items items = Reader<Items>(Column{ArrayPtr(ArrayPtr(), &array), false})[i];
    std::string out = "[";
    for (int64_t at = items.first; at < items.last; ++at) {
      if (at > items.first) out += ", ";
      if (items.items->IsValid(at)) out += item(*items.items, at);
    }
    return out + "]";
  };
}

ToText StructToText(const DataType& type) {
  std::vector<std::pair<std::string, ToText>> children;
  for (const Field& field : type.children) children.emplace_back(field.name, ToTextOf(*field.type));
  return [children](const Array& array, int64_t i) {
    std::string out = "{";
    for (size_t child = 0; child < children.size(); ++child) {
      const Array& values = *array.children[child];
      out += (child ? ", " : "") + children[child].first + ": ";
      if (values.IsValid(array.offset + i)) out += children[child].second(values, array.offset + i);
    }
    return out + "}";
  };
}

}  // namespace

ToText ToTextOf(const DataType& type) {
  if (IsWhole(type.id)) {
    return [](const Array& array, int64_t i) {
      const Column column{ArrayPtr(ArrayPtr(), &array), false};
      return VisitNative(array.type->id, [&](auto zero) -> std::string {
        if constexpr (std::is_integral_v<decltype(zero)>) return fmt::format("{}", Reader<decltype(zero)>(column)[i]);
        else return "";
      });
    };
  }
  if (type.id == TypeId::kFloat) return NativeToText<float>(FloatToText);
  if (type.id == TypeId::kDouble) return NativeToText<double>(DoubleToText);
  if (type.id == TypeId::kDecimal128) {
    return [scale = type.scale](const Array& array, int64_t i) { return DecimalToText(Reader<Int128>(Column{ArrayPtr(ArrayPtr(), &array), false})[i], scale); };
  }
  if (type.id == TypeId::kDecimal256) {
    return [scale = type.scale](const Array& array, int64_t i) { return DecimalToText(Reader<Int256>(Column{ArrayPtr(ArrayPtr(), &array), false})[i], scale); };
  }
  if (type.id == TypeId::kBool) {
    return [](const Array& array, int64_t i) { return std::string(Reader<bool>(Column{ArrayPtr(ArrayPtr(), &array), false})[i] ? "true" : "false"); };
  }
  if (IsText(type.id)) return [](const Array& array, int64_t i) { return std::string(Reader<std::string_view>(Column{ArrayPtr(ArrayPtr(), &array), false})[i]); };
  if (IsDate(type.id) || IsTime(type.id) || type.id == TypeId::kTimestamp || type.id == TypeId::kDuration) return TemporalToText(type);
  if (IsList(type.id)) return ListToText(type);
  if (type.id == TypeId::kStruct) return StructToText(type);
  if (type.id == TypeId::kNull) return [](const Array&, int64_t) { return std::string(); };
  throw Invalid("{} has no text", TypeToString(type));
}

Kernel ToTextKernel(const TypePtr& from) {
  if (IsWhole(from->id) || from->id == TypeId::kFloat || from->id == TypeId::kDouble) {
    return VisitNumber(from->id, [](auto zero) { return NumberToTextKernel<decltype(zero)>(); });
  }
  return [show = ToTextOf(*from)](const Call& call) {
    const Column& column = call.arguments[0];
    Builder<std::string_view> out(call.rows);
    for (int64_t row = 0; row < call.rows; ++row) {
      if (column.IsValid(row)) out.Append(show(*column.array, column.At(row)));
      else out.AppendNull();
    }
    return out.Finish(call.type);
  };
}

Kernel FromTextKernel(const TypePtr& to, bool lenient) {
  switch (to->id) {
    case TypeId::kBool: return ParseKernel<bool>(lenient, ParseBool);
    case TypeId::kFloat: return ParseKernel<float>(lenient, ParseFloating<float>);
    case TypeId::kDouble: return ParseKernel<double>(lenient, ParseFloating<double>);
    case TypeId::kDecimal128: return ParseDecimalKernel(*to, lenient);
    case TypeId::kDate32: return ParseInstantKernel<int32_t>(to, lenient);
    case TypeId::kDate64:
    case TypeId::kTimestamp: return ParseInstantKernel<int64_t>(to, lenient);
    case TypeId::kTime32: return ParseTimeKernel<int32_t>(to, lenient);
    case TypeId::kTime64: return ParseTimeKernel<int64_t>(to, lenient);
    case TypeId::kDuration: return ParseDurationKernel(to, lenient);
    default: break;
  }
  if (!IsWhole(to->id)) throw Invalid("there is no cast from text to {}", TypeToString(*to));
  return VisitNumber(to->id, [&](auto zero) -> Kernel {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T>) return ParseKernel<T>(lenient, ParseWhole<T>);
    else return nullptr;
  });
}

}  // namespace eider::expr
