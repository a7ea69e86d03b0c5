#pragma once
/// \file
/// Dates, times and timestamps: the proleptic Gregorian calendar, their text, and units.

#include <eider/array.h>

#include <optional>
#include <string>
#include <string_view>

#include "eider/expr/column.h"

namespace eider::expr {

inline constexpr int64_t kSecondsPerDay = 86400;
inline constexpr int64_t kNanosPerSecond = 1'000'000'000;
inline constexpr int64_t kNanosPerDay = kSecondsPerDay * kNanosPerSecond;

struct Civil {
  int64_t year;
  int month, day;
};
int64_t DaysFromCivil(int64_t year, int month, int day);
Civil CivilFromDays(int64_t days);
int DaysInMonth(int64_t year, int month);
/// 0 is Sunday.
int WeekdayOf(int64_t days);
int DayOfYear(int64_t days);
/// ISO 8601 week, and the year it belongs to.
int IsoWeek(int64_t days, int64_t* year = nullptr);

/// Rounds down, as there are moments before 1970.
constexpr Int128 FloorDiv(Int128 a, Int128 b) { return a / b - ((a % b != 0) && ((a % b < 0) != (b < 0))); }

int64_t NanosPerUnit(TimeUnit unit);
/// Of a date, timestamp, time or duration type: nanoseconds in one step of its values.
Int128 NanosPerStep(const DataType& type);

struct Instant {
  Int128 nanos;                   ///< since 1970-01-01 on the clock that was written
  std::optional<int64_t> offset;  ///< seconds that this clock is ahead of UTC, when written
};
/// "2024-01-01", "2024-01-01 10:00", "2024-01-01T10:00:00.123Z", "... +02:00"
std::optional<Instant> ParseInstant(std::string_view text);
/// "10:00:00.5": nanoseconds of the day
std::optional<int64_t> ParseTimeOfDay(std::string_view text);

struct Interval {
  int32_t months = 0, days = 0;
  int64_t nanos = 0;
};
/// "1 day", "2 months 3 hours", "-1.5 hours", "01:30:00"
std::optional<Interval> ParseInterval(std::string_view text);
/// Intervals as values: struct of months, days, nanos.
const TypePtr& IntervalType();
bool IsInterval(const DataType& type);
Interval ReadInterval(const Column& column, int64_t row);
ArrayPtr OneInterval(const Interval& interval);
/// Months first (the 31st becomes the last day of a shorter month), then days and the rest; `sign` is 1 or -1.
std::optional<Int128> AddInterval(Int128 nanos, const Interval& interval, int sign);

/// "2024-01-01", "10:00:00.5", "2024-01-01T10:00:00.123": fractions with 3, 6 or 9 digits where there are any.
std::string DateToText(int64_t days);
std::string TimeToText(int64_t nanos_of_day);
std::string InstantToText(Int128 nanos);
/// Seconds and their fraction, "1.5s".
std::string DurationToText(Int128 nanos);

}  // namespace eider::expr
