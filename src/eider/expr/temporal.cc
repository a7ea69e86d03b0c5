#include "eider/expr/temporal.h"

#include <array>
#include <charconv>
#include <cmath>

#include "eider/base/error.h"
#include "eider/base/utf8.h"

namespace eider::expr {

int64_t DaysFromCivil(int64_t year, int month, int day) {
  year -= month <= 2;  // the year begins in March: leap days come last
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

Civil CivilFromDays(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;
  const int calendar_month = int(month < 10 ? month + 3 : month - 9);
  return {year_of_era + era * 400 + (calendar_month <= 2), calendar_month, int(day_of_year - (153 * month + 2) / 5 + 1)};
}

int DaysInMonth(int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && leap);
}

int WeekdayOf(int64_t days) { return int(((days + 4) % 7 + 7) % 7); }
int DayOfYear(int64_t days) { return int(days - DaysFromCivil(CivilFromDays(days).year, 1, 1)) + 1; }

int IsoWeek(int64_t days, int64_t* year) {
  const int64_t thursday = days - (WeekdayOf(days) + 6) % 7 + 3;  // the week belongs to the year of its Thursday
  const int64_t of = CivilFromDays(thursday).year;
  if (year) *year = of;
  return int((thursday - DaysFromCivil(of, 1, 1)) / 7) + 1;
}

int64_t NanosPerUnit(TimeUnit unit) {
  constexpr int64_t kNanos[] = {1'000'000'000, 1'000'000, 1'000, 1};
  return kNanos[int(unit)];
}

Int128 NanosPerStep(const DataType& type) {
  if (type.id == TypeId::kDate32) return kNanosPerDay;
  return NanosPerUnit(type.id == TypeId::kDate64 ? TimeUnit::kMilli : type.unit);
}

namespace {

/// Reads text from left to right.
struct Scan {
  std::string_view text;

  bool Take(char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
  }
  /// Between `least` and `most` digits.
  std::optional<int64_t> Digits(size_t least, size_t most) {
    size_t n = 0;
    int64_t value = 0;
    while (n < text.size() && n < most && text[n] >= '0' && text[n] <= '9') value = value * 10 + (text[n++] - '0');
    if (n < least) return std::nullopt;
    text.remove_prefix(n);
    return value;
  }
  /// Digits after a point, as nanoseconds; more than nine are cut.
  std::optional<int64_t> Fraction() {
    const size_t before = text.size();
    const std::optional<int64_t> digits = Digits(1, 9);
    if (!digits) return std::nullopt;
    int64_t nanos = *digits;
    for (size_t n = before - text.size(); n < 9; ++n) nanos *= 10;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9') text.remove_prefix(1);
    return nanos;
  }
};

std::optional<int64_t> ScanDate(Scan& scan) {
  const bool negative = scan.Take('-');
  const auto year = scan.Digits(4, 6);
  if (!year || !scan.Take('-')) return std::nullopt;
  const auto month = scan.Digits(1, 2);
  if (!month || *month < 1 || *month > 12 || !scan.Take('-')) return std::nullopt;
  const auto day = scan.Digits(1, 2);
  const int64_t signed_year = negative ? -*year : *year;
  if (!day || *day < 1 || *day > DaysInMonth(signed_year, int(*month))) return std::nullopt;
  return DaysFromCivil(signed_year, int(*month), int(*day));
}

std::optional<int64_t> ScanTime(Scan& scan) {
  const auto hour = scan.Digits(1, 2);
  if (!hour || *hour > 23 || !scan.Take(':')) return std::nullopt;
  const auto minute = scan.Digits(2, 2);
  if (!minute || *minute > 59) return std::nullopt;
  int64_t nanos = (*hour * 3600 + *minute * 60) * kNanosPerSecond;
  if (!scan.Take(':')) return nanos;
  const auto second = scan.Digits(2, 2);
  if (!second || *second > 60) return std::nullopt;
  nanos += *second * kNanosPerSecond;
  if (!scan.Take('.')) return nanos;
  const auto fraction = scan.Fraction();
  if (!fraction) return std::nullopt;
  return nanos + *fraction;
}

/// Z, +02, +0200, +02:00; `*ok` is false for anything else that is there.
std::optional<int64_t> ScanOffset(Scan& scan, bool* ok) {
  while (scan.Take(' ')) {}
  if (scan.text.empty()) return std::nullopt;
  if (scan.text == "Z" || scan.text == "z" || scan.text == "UTC" || scan.text == "GMT") return 0;
  const bool minus = scan.text[0] == '-';
  *ok = scan.Take('+') || scan.Take('-');
  if (!*ok) return std::nullopt;
  const auto hours = scan.Digits(2, 2);
  scan.Take(':');
  const int64_t minutes = scan.Digits(2, 2).value_or(0);
  *ok = hours && *hours <= 18 && minutes <= 59 && scan.text.empty();
  if (!*ok) return std::nullopt;
  const int64_t seconds = *hours * 3600 + minutes * 60;
  return minus ? -seconds : seconds;
}

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<Instant> ParseInstant(std::string_view text) {
  Scan scan{Trim(text)};
  const std::optional<int64_t> days = ScanDate(scan);
  if (!days) return std::nullopt;
  Instant out{Int128(*days) * kNanosPerDay, std::nullopt};
  if (scan.text.empty()) return out;
  if (!scan.Take('T') && !scan.Take('t') && !scan.Take(' ')) return std::nullopt;
  const std::optional<int64_t> time = ScanTime(scan);
  if (!time) return std::nullopt;
  out.nanos += *time;
  bool ok = true;
  out.offset = ScanOffset(scan, &ok);
  if (!ok) return std::nullopt;
  return out;
}

std::optional<int64_t> ParseTimeOfDay(std::string_view text) {
  Scan scan{Trim(text)};
  const std::optional<int64_t> nanos = ScanTime(scan);
  return scan.text.empty() ? nanos : std::nullopt;
}

namespace {

struct IntervalUnit {
  std::string_view name;
  int months, days;
  int64_t nanos;
};
constexpr IntervalUnit kIntervalUnits[] = {
    {"century", 1200, 0, 0}, {"centurie", 1200, 0, 0}, {"decade", 120, 0, 0}, {"year", 12, 0, 0}, {"yr", 12, 0, 0}, {"y", 12, 0, 0}, {"month", 1, 0, 0}, {"mon", 1, 0, 0},
    {"week", 0, 7, 0}, {"w", 0, 7, 0}, {"day", 0, 1, 0}, {"d", 0, 1, 0},
    {"hour", 0, 0, 3600 * kNanosPerSecond}, {"hr", 0, 0, 3600 * kNanosPerSecond}, {"h", 0, 0, 3600 * kNanosPerSecond},
    {"minute", 0, 0, 60 * kNanosPerSecond}, {"min", 0, 0, 60 * kNanosPerSecond}, {"m", 0, 0, 60 * kNanosPerSecond},
    {"second", 0, 0, kNanosPerSecond}, {"sec", 0, 0, kNanosPerSecond}, {"", 0, 0, kNanosPerSecond},
    {"millisecond", 0, 0, 1'000'000}, {"m", 0, 0, 1'000'000}, {"microsecond", 0, 0, 1000}, {"u", 0, 0, 1000}, {"nanosecond", 0, 0, 1}, {"n", 0, 0, 1}};

const IntervalUnit* FindUnit(std::string_view given) {
  std::string word = LowerAscii(given);
  if (word == "ms") return FindUnit("millisecond");
  if (word == "us") return FindUnit("microsecond");
  if (word == "ns") return FindUnit("nanosecond");
  if (word.size() > 1 && word.back() == 's') word.pop_back();
  if (word == "s") word.clear();
  for (const IntervalUnit& unit : kIntervalUnits) {
    if (unit.name == word) return &unit;
  }
  return nullptr;
}

bool AddPart(double count, const IntervalUnit& unit, Interval* out) {
  if (!(std::abs(count) < 0x1p53)) return false;  // past it doubles leave whole numbers out
  const double months = count * unit.months, days = count * unit.days + (months - std::trunc(months)) * 30;
  const double nanos = count * double(unit.nanos) + (days - std::trunc(days)) * double(kNanosPerDay);
  if (std::abs(months) > 1e6 || std::abs(days) > 1e8 || std::abs(nanos) > 9e18) return false;
  const int64_t exact = count == std::trunc(count) && unit.nanos != 0 ? int64_t(count) * unit.nanos : int64_t(std::llround(nanos));
  return !__builtin_add_overflow(out->months, int32_t(months), &out->months) && !__builtin_add_overflow(out->days, int32_t(days), &out->days) &&
         !__builtin_add_overflow(out->nanos, exact, &out->nanos);
}

}  // namespace

std::optional<Interval> ParseInterval(std::string_view text) {
  Interval out;
  text = Trim(text);
  bool any = false;
  while (!text.empty()) {
    if (const size_t end = std::min(text.find(' '), text.size()); text.substr(0, end).find(':') != std::string_view::npos) {
      const bool minus = text.starts_with('-');
      const auto time = ParseTimeOfDay(text.substr(minus, end - minus));
      if (!time || __builtin_add_overflow(out.nanos, minus ? -*time : *time, &out.nanos)) return std::nullopt;
      text = Trim(text.substr(end)), any = true;
      continue;
    }
    double count = 0;
    const auto [end, error] = std::from_chars(text.data() + text.starts_with('+'), text.data() + text.size(), count, std::chars_format::fixed);
    if (error != std::errc()) return std::nullopt;
    text = Trim(text.substr(size_t(end - text.data())));
    size_t n = 0;
    while (n < text.size() && ((text[n] | 32) >= 'a' && (text[n] | 32) <= 'z')) ++n;
    const IntervalUnit* unit = FindUnit(std::string(text.substr(0, n)));
    if (!unit || !AddPart(count, *unit, &out)) return std::nullopt;
    text = Trim(text.substr(n)), any = true;
  }
  if (!any) return std::nullopt;
  return out;
}

const TypePtr& IntervalType() {
  static const TypePtr type = StructType({{"months", MakeType(TypeId::kInt32), false, {}}, {"days", MakeType(TypeId::kInt32), false, {}}, {"nanos", MakeType(TypeId::kInt64), false, {}}});
  return type;
}
bool IsInterval(const DataType& type) { return type.id == TypeId::kStruct && TypesEqual(type, *IntervalType()); }

Interval ReadInterval(const Column& column, int64_t row) {
  const int64_t at = column.array->offset + column.At(row);
  const auto child = [&](size_t i) { return Column{column.array->children[i], false}; };
  return {Reader<int32_t>(child(0))[at], Reader<int32_t>(child(1))[at], Reader<int64_t>(child(2))[at]};
}

ArrayPtr OneInterval(const Interval& interval) {
  auto array = std::make_shared<Array>();
  array->type = IntervalType();
  array->length = 1;
  array->null_count = 0;
  array->children = {One(MakeType(TypeId::kInt32), interval.months), One(MakeType(TypeId::kInt32), interval.days), One(MakeType(TypeId::kInt64), interval.nanos)};
  return array;
}

std::optional<Int128> AddInterval(Int128 nanos, const Interval& interval, int sign) {
  Int128 days = FloorDiv(nanos, kNanosPerDay);
  const Int128 of_day = nanos - days * kNanosPerDay;
  if (interval.months != 0) {
    if (days > 1'000'000'000 || days < -1'000'000'000) return std::nullopt;
    const Civil civil = CivilFromDays(int64_t(days));
    const int64_t months = civil.year * 12 + civil.month - 1 + int64_t(sign) * interval.months;
    const int64_t year = int64_t(FloorDiv(months, 12));
    const int month = int(months - year * 12) + 1;
    days = DaysFromCivil(year, month, std::min(civil.day, DaysInMonth(year, month)));
  }
  return (days + Int128(sign) * interval.days) * kNanosPerDay + of_day + Int128(sign) * interval.nanos;
}

namespace {

std::string FractionText(int64_t nanos) {
  if (nanos == 0) return "";
  if (nanos % 1'000'000 == 0) return fmt::format(".{:03}", nanos / 1'000'000);
  if (nanos % 1'000 == 0) return fmt::format(".{:06}", nanos / 1'000);
  return fmt::format(".{:09}", nanos);
}

}  // namespace

std::string DateToText(int64_t days) {
  const Civil civil = CivilFromDays(days);
  if (civil.year < 0) return fmt::format("-{:04}-{:02}-{:02}", -civil.year, civil.month, civil.day);
  return fmt::format("{:04}-{:02}-{:02}", civil.year, civil.month, civil.day);
}

std::string TimeToText(int64_t nanos) {
  const int64_t seconds = nanos / kNanosPerSecond;
  return fmt::format("{:02}:{:02}:{:02}{}", seconds / 3600, seconds / 60 % 60, seconds % 60, FractionText(nanos % kNanosPerSecond));
}

std::string InstantToText(Int128 nanos) {
  const Int128 days = FloorDiv(nanos, kNanosPerDay);
  return DateToText(int64_t(days)) + "T" + TimeToText(int64_t(nanos - days * kNanosPerDay));
}

std::string DurationToText(Int128 nanos) {
  const bool negative = nanos < 0;
  const Int128 size = negative ? -nanos : nanos;
  return fmt::format("{}{}{}s", negative ? "-" : "", int64_t(size / kNanosPerSecond), FractionText(int64_t(size % kNanosPerSecond)));
}

}  // namespace eider::expr
