#include "eider/expr/functions/time_format.h"

#include "eider/expr/temporal.h"

namespace eider::expr {
namespace {

struct Clock {
  Civil civil;
  int64_t days, hour, minute, second, nanos, offset, epoch;
};

std::string Offset(int64_t seconds) {
  return fmt::format("{}{:02}{:02}", seconds < 0 ? '-' : '+', std::abs(seconds) / 3600, std::abs(seconds) / 60 % 60);
}

std::string OneField(char letter, const Clock& c) {
  switch (letter) {
    case 'Y': return fmt::format("{:04}", c.civil.year);
    case 'y': return fmt::format("{:02}", ((c.civil.year % 100) + 100) % 100);
    case 'm': return fmt::format("{:02}", c.civil.month);
    case 'd': return fmt::format("{:02}", c.civil.day);
    case 'e': return fmt::format("{:2}", c.civil.day);
    case 'H': return fmt::format("{:02}", c.hour);
    case 'I': return fmt::format("{:02}", c.hour % 12 == 0 ? 12 : c.hour % 12);
    case 'M': return fmt::format("{:02}", c.minute);
    case 'S': return fmt::format("{:02}", c.second);
    case 'f': return fmt::format("{:09}", c.nanos);
    case 'j': return fmt::format("{:03}", DayOfYear(c.days));
    case 'b':
    case 'h': return std::string(kMonthNames[c.civil.month - 1].substr(0, 3));
    case 'B': return std::string(kMonthNames[c.civil.month - 1]);
    case 'a': return std::string(kDayNames[WeekdayOf(c.days)].substr(0, 3));
    case 'A': return std::string(kDayNames[WeekdayOf(c.days)]);
    case 'u': return fmt::format("{}", (WeekdayOf(c.days) + 6) % 7 + 1);
    case 'w': return fmt::format("{}", WeekdayOf(c.days));
    case 'V': return fmt::format("{:02}", IsoWeek(c.days));
    case 'p': return c.hour < 12 ? "AM" : "PM";
    case 'F': return OneField('Y', c) + "-" + OneField('m', c) + "-" + OneField('d', c);
    case 'T': return OneField('H', c) + ":" + OneField('M', c) + ":" + OneField('S', c);
    case 'R': return OneField('H', c) + ":" + OneField('M', c);
    case 'D': return OneField('m', c) + "/" + OneField('d', c) + "/" + OneField('y', c);
    case 's': return fmt::format("{}", c.epoch);
    case 'z': return Offset(c.offset);
    case '%': return "%";
    default: throw Invalid("%{} means nothing in a format of times", letter);
  }
}

}  // namespace

std::string FormatTime(Int128 nanos, Int128 offset, std::string_view format) {
  const int64_t days = int64_t(FloorDiv(nanos, kNanosPerDay)), of_day = int64_t(nanos - Int128(days) * kNanosPerDay), seconds = of_day / kNanosPerSecond;
  const Clock clock{CivilFromDays(days), days, seconds / 3600, seconds / 60 % 60, seconds % 60, of_day % kNanosPerSecond, int64_t(offset),
                    days * kSecondsPerDay + seconds - int64_t(offset)};
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') { out.push_back(format[i]); continue; }
    if (++i == format.size()) throw Invalid("a format of times ends in %");
    size_t digits = 9;
    if (format[i] == '.' && i + 1 < format.size()) out.push_back('.'), ++i;
    if (i + 1 < format.size() && (format[i] == '3' || format[i] == '6' || format[i] == '9') && format[i + 1] == 'f') digits = size_t(format[i++] - '0');
    out += OneField(format[i], clock).substr(0, format[i] == 'f' ? digits : std::string::npos);
  }
  return out;
}

}  // namespace eider::expr
