#include "eider/expr/functions/time_parse.h"

#include <algorithm>

#include "eider/base/utf8.h"
#include "eider/expr/functions/time_format.h"

namespace eider::expr {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class TimeParser {
 public:
  TimeParser(std::string_view text, std::string_view format) : text_(text), format_(format) {}

  std::optional<Instant> Parse() {
    if (!Fits(format_)) return std::nullopt;
    SkipBlanks();
    if (!text_.empty() || month_ < 1 || month_ > 12 || day_ < 1 || day_ > DaysInMonth(year_, int(month_))) return std::nullopt;
    if (hour_ > 23 || minute_ > 59 || second_ > 59) return std::nullopt;
    if (epoch_) return Instant{Int128(*epoch_) * kNanosPerSecond + nanos_, 0};
    int64_t days = DaysFromCivil(year_, int(month_), int(day_));
    if (day_of_year_) {
      days = DaysFromCivil(year_, 1, 1) + *day_of_year_ - 1;
      if (CivilFromDays(days).year != year_) return std::nullopt;
    }
    return Instant{Int128(days) * kNanosPerDay + Int128(Hour() * 3600 + minute_ * 60 + second_) * kNanosPerSecond + nanos_, offset_};
  }

 private:
  int64_t Hour() const { return !afternoon_ ? hour_ : hour_ % 12 + (*afternoon_ ? 12 : 0); }
  void SkipBlanks() { while (!text_.empty() && IsBlank(text_[0])) text_.remove_prefix(1); }

  bool Fits(std::string_view format) {
    for (size_t i = 0; i < format.size(); ++i) {
      if (IsBlank(format[i])) { SkipBlanks(); continue; }
      if (format[i] != '%') {
        if (!TakeChar(format[i])) return false;
        continue;
      }
      if (++i == format.size()) throw Invalid("a format of times ends in %");
      const bool dot = format[i] == '.' && i + 1 < format.size();
      i += dot;
      int digits = 0;
      if (i + 1 < format.size() && (format[i] == '3' || format[i] == '6' || format[i] == '9') && format[i + 1] == 'f') digits = format[i++] - '0';
      if (format[i] == 'f' ? !TakeFraction(dot, digits) : dot || !TakeField(format[i])) return false;
    }
    return true;
  }

  bool TakeChar(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool TakeNumber(size_t most, int64_t* out) {
    size_t n = 0;
    for (*out = 0; n < most && n < text_.size() && IsDigit(text_[n]); ++n) *out = *out * 10 + (text_[n] - '0');
    text_.remove_prefix(n);
    return n > 0;
  }

  bool TakeSigned(size_t most, int64_t* out) {
    const bool negative = TakeChar('-');
    if (!negative) TakeChar('+');
    const bool taken = TakeNumber(most, out);
    if (negative) *out = -*out;
    return taken;
  }

  /// "%.f" goes without its dot and digits too, when the text has none.
  bool TakeFraction(bool dot, int digits) {
    if (dot && !TakeChar('.')) return digits == 0;
    const size_t before = text_.size();
    if (!TakeNumber(digits == 0 ? 9 : size_t(digits), &nanos_)) return false;
    const size_t taken = before - text_.size();
    if (digits != 0 && taken != size_t(digits)) return false;
    for (size_t i = taken; i < 9; ++i) nanos_ *= 10;
    return true;
  }

  /// A whole name, or its first three letters, in any case: its place.
  bool TakeName(std::span<const std::string_view> names, int64_t* out) {
    for (size_t i = 0; i < names.size(); ++i) {
      for (const size_t length : {names[i].size(), size_t{3}}) {
        if (text_.size() < length || LowerAscii(text_.substr(0, length)) != LowerAscii(names[i].substr(0, length))) continue;
        *out = int64_t(i);
        text_.remove_prefix(length);
        return true;
      }
    }
    return false;
  }

  bool TakeHalf() {
    if (text_.size() < 2) return false;
    const std::string half = LowerAscii(text_.substr(0, 2));
    text_.remove_prefix(2);
    afternoon_ = half == "pm";
    return half == "am" || half == "pm";
  }

  /// "+02:00", "+0200", "+02", "Z"
  bool TakeOffset() {
    offset_ = 0;
    if (TakeChar('Z') || TakeChar('z')) return true;
    const bool negative = TakeChar('-');
    int64_t hours = 0, minutes = 0;
    if ((!negative && !TakeChar('+')) || !TakeNumber(2, &hours)) return false;
    TakeChar(':');
    TakeNumber(2, &minutes);
    if (hours > 23 || minutes > 59) return false;
    offset_ = (negative ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
  }

  bool TakeField(char letter) {
    int64_t number = 0;
    switch (letter) {
      case 'Y': return TakeSigned(4, &year_);
      case 'y': return TakeNumber(2, &year_) && (year_ += year_ < 70 ? 2000 : 1900, true);
      case 'm': return TakeNumber(2, &month_);
      case 'd': return TakeNumber(2, &day_);
      case 'e': return SkipBlanks(), TakeNumber(2, &day_);
      case 'H': return TakeNumber(2, &hour_);
      case 'I': return TakeNumber(2, &hour_) && hour_ >= 1 && hour_ <= 12 && (afternoon_ = afternoon_.value_or(false), true);
      case 'M': return TakeNumber(2, &minute_);
      case 'S': return TakeNumber(2, &second_);
      case 'j': return TakeNumber(3, &number) && number > 0 && (day_of_year_ = number, true);
      case 'b':
      case 'B':
      case 'h': return TakeName(kMonthNames, &number) && (month_ = number + 1, true);
      case 'a':
      case 'A': return TakeName(kDayNames, &number);
      case 'p': return TakeHalf();
      case 'F': return Fits("%Y-%m-%d");
      case 'T': return Fits("%H:%M:%S");
      case 'R': return Fits("%H:%M");
      case 'D': return Fits("%m/%d/%y");
      case 's': return TakeSigned(18, &number) && (epoch_ = number, true);
      case 'z': return TakeOffset();
      case '%': return TakeChar('%');
      default: throw Invalid("%{} is not read by a format of times", letter);
    }
  }

  std::string_view text_, format_;
  int64_t year_ = 1970, month_ = 1, day_ = 1, hour_ = 0, minute_ = 0, second_ = 0, nanos_ = 0;
  std::optional<bool> afternoon_;
  std::optional<int64_t> day_of_year_, epoch_, offset_;
};

}  // namespace

std::optional<Instant> ParseTime(std::string_view text, std::string_view format) { return TimeParser(text, format).Parse(); }

}  // namespace eider::expr
