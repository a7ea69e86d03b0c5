/// Dates and times.

#include <chrono>
#include <cmath>

#include "eider/base/utf8.h"
#include "eider/expr/cast.h"
#include "eider/expr/functions/function.h"
#include "eider/expr/functions/map_rows.h"
#include "eider/expr/functions/time_format.h"
#include "eider/expr/functions/time_parse.h"
#include "eider/expr/literal.h"
#include "eider/expr/native.h"
#include "eider/expr/temporal.h"
#include "eider/expr/time_zone.h"

namespace eider::expr {
namespace {

using Text = std::string_view;

/// Values of a date, time or timestamp as nanoseconds on the clock of their zone.
class ClockReader {
 public:
  explicit ClockReader(const Column& column)
      : column_(column), step_(NanosPerStep(column.type())), narrow_(column.type().id == TypeId::kDate32 || column.type().id == TypeId::kTime32),
        zone_(column.type().timezone.empty() ? nullptr : TimeZone::Find(column.type().timezone)) {}
  Int128 Utc(int64_t row) const { return (narrow_ ? Int128(Reader<int32_t>(column_)[row]) : Int128(Reader<int64_t>(column_)[row])) * step_; }
  Int128 operator[](int64_t row) const {
    const Int128 utc = Utc(row);
    return zone_ ? utc + Int128(zone_->OffsetAt(int64_t(FloorDiv(utc, kNanosPerSecond)))) * kNanosPerSecond : utc;
  }
  /// Back from the clock of the zone.
  Int128 ToUtc(Int128 clock) const {
    if (!zone_) return clock;
    const Int128 second = FloorDiv(clock, kNanosPerSecond);
    return clock + (Int128(zone_->ToUtc(int64_t(second))) - second) * kNanosPerSecond;
  }

 private:
  Column column_;
  Int128 step_;
  bool narrow_;
  std::shared_ptr<const TimeZone> zone_;
};

enum class Part { kYear, kQuarter, kMonth, kWeek, kDay, kHour, kMinute, kSecond, kMilli, kMicro, kNano, kDow, kDoy, kEpoch, kIsoDow, kIsoYear };
Part PartOf(const NodePtr& node) {
  constexpr std::pair<Text, Part> kParts[] = {
      {"year", Part::kYear}, {"quarter", Part::kQuarter}, {"month", Part::kMonth}, {"week", Part::kWeek}, {"day", Part::kDay}, {"hour", Part::kHour},
      {"minute", Part::kMinute}, {"second", Part::kSecond}, {"millisecond", Part::kMilli}, {"microsecond", Part::kMicro}, {"nanosecond", Part::kNano},
      {"dow", Part::kDow}, {"doy", Part::kDoy}, {"epoch", Part::kEpoch}, {"isodow", Part::kIsoDow}, {"isoyear", Part::kIsoYear}};
  const auto* literal = dynamic_cast<const LiteralNode*>(node.get());
  if (!literal || !IsText(node->type()->id) || !literal->value()->IsValid(0)) throw Invalid("the part of a date is a text such as 'year'");
  const Column column{literal->value(), true};
  const std::string name = LowerAscii(Reader<Text>(column)[0]);
  for (const auto& [text, part] : kParts) {
    if (name == text || name == std::string(text) + "s") return part;
  }
  throw Invalid("'{}' is no part of a date: year, quarter, month, week, day, hour, minute, second, millisecond, microsecond, nanosecond, dow, doy, "
                "isodow, isoyear and epoch are", name);
}

int64_t PartValue(Part part, Int128 nanos) {
  const int64_t days = int64_t(FloorDiv(nanos, kNanosPerDay)), of_day = int64_t(nanos - Int128(days) * kNanosPerDay);
  const int64_t of_minute = of_day % (60 * kNanosPerSecond);
  int64_t iso_year = 0;
  switch (part) {
    case Part::kYear: return CivilFromDays(days).year;
    case Part::kQuarter: return (CivilFromDays(days).month + 2) / 3;
    case Part::kMonth: return CivilFromDays(days).month;
    case Part::kWeek: return IsoWeek(days);
    case Part::kDay: return CivilFromDays(days).day;
    case Part::kHour: return of_day / (3600 * kNanosPerSecond);
    case Part::kMinute: return of_day / (60 * kNanosPerSecond) % 60;
    case Part::kSecond: return of_minute / kNanosPerSecond;
    case Part::kMilli: return of_minute / 1'000'000;
    case Part::kMicro: return of_minute / 1'000;
    case Part::kNano: return of_minute;
    case Part::kDow: return WeekdayOf(days);
    case Part::kIsoDow: return (WeekdayOf(days) + 6) % 7 + 1;
    case Part::kDoy: return DayOfYear(days);
    case Part::kIsoYear: return IsoWeek(days, &iso_year), iso_year;
    case Part::kEpoch: return 0;
  }
  return 0;
}

/// Of a duration: how many of the unit it is long, cut towards zero.
int64_t UnitsOf(Part part, Int128 nanos) {
  switch (part) {
    case Part::kWeek: return int64_t(nanos / (7 * Int128(kNanosPerDay)));
    case Part::kDay: return int64_t(nanos / kNanosPerDay);
    case Part::kHour: return int64_t(nanos / (3600 * kNanosPerSecond));
    case Part::kMinute: return int64_t(nanos / (60 * kNanosPerSecond));
    case Part::kSecond: return int64_t(nanos / kNanosPerSecond);
    case Part::kMilli: return int64_t(nanos / 1'000'000);
    case Part::kMicro: return int64_t(nanos / 1'000);
    default: break;
  }
  if (nanos > INT64_MAX || nanos < INT64_MIN) throw Invalid("a duration of {} is too long for nanoseconds", DurationToText(nanos));
  return int64_t(nanos);
}

/// \throws Error(kInvalid) for a time of day or a duration that is asked for a part of a date
void RequirePart(Part part, const DataType& type) {
  const bool is_clock = (part >= Part::kHour && part <= Part::kNano) || part == Part::kEpoch, is_length = part == Part::kWeek || part == Part::kDay;
  if (IsTime(type.id) && !is_clock) throw Invalid("a time of day has hour, minute, second, millisecond, microsecond, nanosecond and epoch alone");
  if (type.id == TypeId::kDuration && !is_clock && !is_length) {
    throw Invalid("a duration has week, day, hour, minute, second, millisecond, microsecond, nanosecond and epoch alone");
  }
}

/// The argument as a date, time or timestamp; a text literal is read as a timestamp.
NodePtr AsClock(const NodePtr& node) {
  const TypeId id = node->type()->id;
  if (IsDate(id) || IsTime(id) || id == TypeId::kTimestamp) return node;
  if (IsText(id) || id == TypeId::kNull) return CastTo(node, TimestampType(TimeUnit::kNano));
  throw Invalid("{} is neither date nor time", TypeToString(*node->type()));
}
NodePtr AsTimestamp(const NodePtr& node) {
  NodePtr clock = AsClock(node);
  return IsDate(clock->type()->id) ? CastTo(clock, TimestampType(TimeUnit::kNano)) : clock;
}

/// value(clock, row) of each row, as T.
template <typename T, typename Value>
ArrayPtr EachClock(const Call& call, size_t argument, Value&& value) {
  const Column& column = call.arguments[argument];
  const ClockReader clock(column);
  Builder<T> out(call.rows);
  for (int64_t row = 0; row < call.rows; ++row) {
    if (column.IsValid(row) && IsLive(call.live, row)) out.Append(T(value(clock, row)));
    else out.AppendNull();
  }
  return out.Finish(call.type);
}

NodePtr MakePart(Part part, const NodePtr& value) {
  std::vector<NodePtr> arguments = {value->type()->id == TypeId::kDuration ? value : AsClock(value)};
  RequirePart(part, *arguments[0]->type());
  if (part == Part::kEpoch) {
    const Kernel kernel = [](const Call& call) {
      return EachClock<double>(call, 0, [](const ClockReader& clock, int64_t row) { return double(clock.Utc(row)) / double(kNanosPerSecond); });
    };
    return Fold(std::make_shared<CallNode>("date_part", MakeType(TypeId::kDouble), kernel, std::move(arguments)));
  }
  if (arguments[0]->type()->id == TypeId::kDuration) {
    const Kernel kernel = [part](const Call& call) {
      return EachClock<int64_t>(call, 0, [part](const ClockReader& clock, int64_t row) { return UnitsOf(part, clock.Utc(row)); });
    };
    return Fold(std::make_shared<CallNode>("date_part", MakeType(TypeId::kInt64), kernel, std::move(arguments)));
  }
  const bool wide = part == Part::kNano;
  const Kernel kernel = [part, wide](const Call& call) {
    if (wide) return EachClock<int64_t>(call, 0, [part](const ClockReader& clock, int64_t row) { return PartValue(part, clock[row]); });
    return EachClock<int32_t>(call, 0, [part](const ClockReader& clock, int64_t row) { return PartValue(part, clock[row]); });
  };
  return Fold(std::make_shared<CallNode>("date_part", MakeType(wide ? TypeId::kInt64 : TypeId::kInt32), kernel, std::move(arguments)));
}
NodePtr DatePart(std::vector<NodePtr> arguments) { return MakePart(PartOf(arguments[0]), arguments[1]); }
template <Part part>
NodePtr OnePart(std::vector<NodePtr> arguments) { return MakePart(part, arguments[0]); }

Int128 TruncTo(Part part, Int128 nanos) {
  const int64_t days = int64_t(FloorDiv(nanos, kNanosPerDay));
  const Civil civil = CivilFromDays(days);
  const auto unit = [&](Int128 size) { return FloorDiv(nanos, size) * size; };
  switch (part) {
    case Part::kYear: return Int128(DaysFromCivil(civil.year, 1, 1)) * kNanosPerDay;
    case Part::kQuarter: return Int128(DaysFromCivil(civil.year, (civil.month - 1) / 3 * 3 + 1, 1)) * kNanosPerDay;
    case Part::kMonth: return Int128(DaysFromCivil(civil.year, civil.month, 1)) * kNanosPerDay;
    case Part::kWeek: return Int128(days - (WeekdayOf(days) + 6) % 7) * kNanosPerDay;
    case Part::kDay: return Int128(days) * kNanosPerDay;
    case Part::kHour: return unit(Int128(3600) * kNanosPerSecond);
    case Part::kMinute: return unit(Int128(60) * kNanosPerSecond);
    case Part::kSecond: return unit(kNanosPerSecond);
    case Part::kMilli: return unit(1'000'000);
    case Part::kMicro: return unit(1'000);
    default: return nanos;
  }
}

int64_t ToSteps(Int128 nanos, const DataType& type) {
  const Int128 steps = FloorDiv(nanos, NanosPerStep(type));
  if (steps < INT64_MIN || steps > INT64_MAX) throw Invalid("the result has no place in {}", TypeToString(type));
  return int64_t(steps);
}

NodePtr DateTrunc(std::vector<NodePtr> arguments) {
  const Part part = PartOf(arguments[0]);
  if (part == Part::kDow || part == Part::kDoy || part == Part::kEpoch || part == Part::kIsoDow || part == Part::kIsoYear) throw Invalid("nothing is cut to this part of a date");
  std::vector<NodePtr> values = {AsTimestamp(arguments[1])};
  const TypePtr type = values[0]->type();
  if (IsTime(type->id)) throw Invalid("a time has no date");
  const Kernel kernel = [part](const Call& call) {
    return EachClock<int64_t>(call, 0, [&](const ClockReader& clock, int64_t row) { return ToSteps(clock.ToUtc(TruncTo(part, clock[row])), *call.type); });
  };
  return Fold(std::make_shared<CallNode>("date_trunc", type, kernel, std::move(values)));
}

/// The start of the bin of a width that a moment lies in, bins being counted from an origin.
NodePtr DateBin(std::vector<NodePtr> arguments) {
  if (!IsInterval(*arguments[0]->type())) throw Invalid("the width of a bin is an interval");
  arguments[1] = AsTimestamp(arguments[1]);
  if (arguments.size() == 2) arguments.push_back(MakeLiteral(One(TimestampType(TimeUnit::kNano), int64_t{0})));
  arguments[2] = AsTimestamp(arguments[2]);
  const TypePtr type = arguments[1]->type();
  const Kernel kernel = [](const Call& call) {
    const ClockReader origins(call.arguments[2]);
    Builder<int64_t> out(call.rows);
    const ClockReader clock(call.arguments[1]);
    for (int64_t row = 0; row < call.rows; ++row) {
      bool valid = IsLive(call.live, row);
      for (const Column& column : call.arguments) valid = valid && column.IsValid(row);
      if (!valid) { out.AppendNull(); continue; }
      const Interval width = ReadInterval(call.arguments[0], row);
      const Int128 origin = origins.Utc(row), at = clock.Utc(row), nanos = Int128(width.days) * kNanosPerDay + width.nanos;
      if (width.months != 0 && nanos == 0 && width.months > 0) {
        const auto month_of = [](Int128 n) { const Civil c = CivilFromDays(int64_t(FloorDiv(n, kNanosPerDay))); return c.year * 12 + c.month - 1; };
        const int64_t months = int64_t(FloorDiv(month_of(at) - month_of(origin), width.months)) * width.months;
        const std::optional<Int128> start = months == int32_t(months) ? AddInterval(origin, {int32_t(months), 0, 0}, 1) : std::nullopt;
        if (!start) throw Invalid("a bin {} months from the origin", months);
        out.Append(ToSteps(*start, *call.type));
        continue;
      }
      if (width.months != 0 || nanos <= 0) throw Invalid("the width of a bin is months, or days and times, and above zero");
      out.Append(ToSteps(origin + FloorDiv(at - origin, nanos) * nanos, *call.type));
    }
    return out.Finish(call.type);
  };
  return Fold(std::make_shared<CallNode>("date_bin", type, kernel, std::move(arguments)));
}

/// Texts by the first of the formats (all arguments behind) that fits, as UTC.
template <typename T>
NodePtr TextByFormats(std::string_view name, const TypePtr& type, std::vector<NodePtr> arguments) {
  for (const NodePtr& argument : arguments) {
    if (!IsText(argument->type()->id) && argument->type()->id != TypeId::kNull) throw Invalid("a text is read by formats, not {}", TypeToString(*argument->type()));
  }
  for (NodePtr& argument : arguments) argument = CastTo(argument, IsText(argument->type()->id) ? argument->type() : MakeType(TypeId::kUtf8));
  const Kernel kernel = [](const Call& call) {
    std::vector<Reader<Text>> texts(call.arguments.begin(), call.arguments.end());
    Builder<T> out(call.rows);
    const Int128 step = NanosPerStep(*call.type);
    for (int64_t row = 0; row < call.rows; ++row) {
      bool valid = IsLive(call.live, row);
      for (const Column& column : call.arguments) valid = valid && column.IsValid(row);
      std::optional<Instant> instant;
      for (size_t i = 1; valid && !instant && i < texts.size(); ++i) instant = ParseTime(texts[0][row], texts[i][row]);
      if (valid && !instant) throw Invalid("'{}' does not fit '{}'", texts[0][row].substr(0, 60), texts.back()[row].substr(0, 60));
      const Int128 steps = !valid ? 0 : FloorDiv(instant->nanos - Int128(instant->offset.value_or(0)) * kNanosPerSecond, step);
      if (steps < std::numeric_limits<T>::min() || steps > std::numeric_limits<T>::max()) throw Invalid("'{}' has no place in {}", texts[0][row].substr(0, 60), TypeToString(*call.type));
      if (valid) out.Append(T(steps));
      else out.AppendNull();
    }
    return out.Finish(call.type);
  };
  return Fold(std::make_shared<CallNode>(std::string(name), type, kernel, std::move(arguments)));
}

/// To a timestamp without a zone: text (an offset in it is honoured), a number of `steps`, or another timestamp.
template <TimeUnit unit, TimeUnit number_unit>
NodePtr ToTimestamp(std::vector<NodePtr> arguments) {
  const TypePtr type = TimestampType(unit);
  if (arguments.size() > 1) return TextByFormats<int64_t>("to_timestamp", type, std::move(arguments));
  const NodePtr& value = arguments[0];
  if (IsFloat(value->type()->id)) {
    const Kernel kernel = Map([](double seconds) {
      const double nanos = seconds * double(NanosPerUnit(number_unit)) / double(NanosPerUnit(unit));
      if (!(std::abs(nanos) < 9.2e18)) throw Invalid("{} seconds have no place in a timestamp", seconds);
      return int64_t(std::floor(nanos));
    });
    return Fold(std::make_shared<CallNode>("to_timestamp", type, kernel, std::vector<NodePtr>{CastTo(value, MakeType(TypeId::kDouble))}));
  }
  if (IsWhole(value->type()->id)) return CastTo(CastTo(value, TimestampType(number_unit)), type);
  return CastTo(value, type);
}

NodePtr ToDate(std::vector<NodePtr> arguments) {
  const TypePtr type = MakeType(TypeId::kDate32);
  return arguments.size() > 1 ? TextByFormats<int32_t>("to_date", type, std::move(arguments)) : CastTo(arguments[0], type);
}

NodePtr ToUnixTime(std::vector<NodePtr> arguments) {
  if (arguments.size() > 1) arguments = {TextByFormats<int64_t>("to_unixtime", TimestampType(TimeUnit::kSecond), std::move(arguments))};
  if (IsNumber(arguments[0]->type()->id)) return CastTo(arguments[0], MakeType(TypeId::kInt64));
  const Kernel kernel = [](const Call& call) {
    return EachClock<int64_t>(call, 0, [](const ClockReader& clock, int64_t row) { return int64_t(FloorDiv(clock.Utc(row), kNanosPerSecond)); });
  };
  return Fold(std::make_shared<CallNode>("to_unixtime", MakeType(TypeId::kInt64), kernel, std::vector<NodePtr>{AsTimestamp(arguments[0])}));
}

NodePtr ToLocalTime(std::vector<NodePtr> arguments) {
  const TypePtr from = AsTimestamp(arguments[0])->type(), type = TimestampType(from->unit);
  const Kernel kernel = [](const Call& call) {
    return EachClock<int64_t>(call, 0, [&](const ClockReader& clock, int64_t row) { return ToSteps(clock[row], *call.type); });
  };
  return Fold(std::make_shared<CallNode>("to_local_time", type, kernel, std::vector<NodePtr>{AsTimestamp(arguments[0])}));
}

NodePtr ToChar(std::vector<NodePtr> arguments) {
  if (!IsText(arguments[1]->type()->id)) throw Invalid("a format is a text");
  arguments[0] = AsClock(arguments[0]);
  const Kernel kernel = [](const Call& call) {
    const ClockReader clock(call.arguments[0]);
    const Reader<Text> formats(call.arguments[1]);
    Builder<Text> out(call.rows);
    for (int64_t row = 0; row < call.rows; ++row) {
      const bool valid = call.arguments[0].IsValid(row) && call.arguments[1].IsValid(row) && IsLive(call.live, row);
      if (valid) out.Append(FormatTime(clock[row], (clock[row] - clock.Utc(row)) / kNanosPerSecond, formats[row]));
      else out.AppendNull();
    }
    return out.Finish(call.type);
  };
  return Fold(std::make_shared<CallNode>("to_char", MakeType(TypeId::kUtf8), kernel, std::move(arguments)));
}

int32_t MakeDate(int64_t year, int64_t month, int64_t day) {
  if (year < -9999 || year > 9999 || month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, int(month))) throw Invalid("{}-{}-{} is no date", year, month, day);
  return int32_t(DaysFromCivil(year, int(month), int(day)));
}
int64_t MakeTime(int64_t hour, int64_t minute, int64_t second) {
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) throw Invalid("{}:{}:{} is no time", hour, minute, second);
  return (hour * 3600 + minute * 60 + second) * kNanosPerSecond;
}

int64_t NowNanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

FunctionTable TimeFunctions() {
  using enum TimeUnit;
  return {
      {"date_part|datepart|extract", "text, instant -> int32", nullptr, DatePart},
      {"date_part|datepart|extract", "text, time -> int32", nullptr, DatePart},
      {"date_part|datepart|extract", "text, duration -> int", nullptr, DatePart},
      {"date_trunc|datetrunc", "text, instant -> same", nullptr, DateTrunc},
      {"date_bin", "interval, any[, any] -> instant", nullptr, DateBin},
      {"year", "any -> int32", nullptr, OnePart<Part::kYear>},
      {"quarter", "any -> int32", nullptr, OnePart<Part::kQuarter>},
      {"month", "any -> int32", nullptr, OnePart<Part::kMonth>},
      {"week", "any -> int32", nullptr, OnePart<Part::kWeek>},
      {"day", "any -> int32", nullptr, OnePart<Part::kDay>},
      {"hour", "any -> int32", nullptr, OnePart<Part::kHour>},
      {"minute", "any -> int32", nullptr, OnePart<Part::kMinute>},
      {"second", "any -> int32", nullptr, OnePart<Part::kSecond>},
      {"epoch", "any -> double", nullptr, OnePart<Part::kEpoch>},
      {"to_timestamp", "any[, text, ...] -> nanos", nullptr, ToTimestamp<kNano, kSecond>},
      {"to_timestamp_seconds", "any[, text, ...] -> seconds", nullptr, ToTimestamp<kSecond, kSecond>},
      {"to_timestamp_millis", "any[, text, ...] -> millis", nullptr, ToTimestamp<kMilli, kMilli>},
      {"to_timestamp_micros", "any[, text, ...] -> micros", nullptr, ToTimestamp<kMicro, kMicro>},
      {"to_timestamp_nanos", "any[, text, ...] -> nanos", nullptr, ToTimestamp<kNano, kNano>},
      {"from_unixtime", "any -> seconds", nullptr, ToTimestamp<kSecond, kSecond>},
      {"to_date", "any[, text, ...] -> date", nullptr, ToDate},
      {"to_unixtime", "any[, text, ...] -> int", nullptr, ToUnixTime},
      {"to_local_time", "any -> instant", nullptr, ToLocalTime},
      {"to_char|date_format", "any, text -> text", nullptr, ToChar},
      {"make_date", "int, int, int -> date", Map([](int64_t y, int64_t m, int64_t d) { return MakeDate(y, m, d); })},
      {"make_time", "int, int, int -> time", Map([](int64_t h, int64_t m, int64_t s) { return MakeTime(h, m, s); })},
      {"now|current_timestamp", "-> now", [](const Call& call) { return One(call.type, NowNanos()); }},
      {"current_date|today", "-> date", [](const Call& call) { return One(call.type, int32_t(NowNanos() / kNanosPerDay)); }},
      {"current_time", "-> time", [](const Call& call) { return One(call.type, NowNanos() % kNanosPerDay); }},
  };
}

}  // namespace eider::expr
