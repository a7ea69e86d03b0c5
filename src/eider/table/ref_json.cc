#include "eider/table/ref_json.h"

#include <charconv>
#include <chrono>

namespace eider::table {
namespace {

constexpr int kMaxDepth = 64;
constexpr int64_t kNanosInSecond = 1'000'000'000;

/// The next `digits` digits of *text as a number.
std::optional<int64_t> TakeDigits(std::string_view* text, size_t digits) {
  int64_t value = 0;
  if (text->size() < digits) return std::nullopt;
  const char* const end = text->data() + digits;
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || stop != end || value < 0) return std::nullopt;
  text->remove_prefix(digits);
  return value;
}

bool TakeChar(std::string_view* text, std::string_view any_of) {
  if (text->empty() || any_of.find(text->front()) == std::string_view::npos) return false;
  text->remove_prefix(1);
  return true;
}

/// ".73" -> 730000000; digits beyond the ninth are passed over.
std::optional<int64_t> TakeFraction(std::string_view* text) {
  if (!TakeChar(text, ".")) return 0;
  size_t digits = 0;
  while (digits < text->size() && (*text)[digits] >= '0' && (*text)[digits] <= '9') ++digits;
  if (digits == 0) return std::nullopt;
  std::string_view used = text->substr(0, std::min<size_t>(digits, 9));
  const size_t count = used.size();
  std::optional<int64_t> value = TakeDigits(&used, count);
  for (size_t i = count; i < 9; ++i) *value *= 10;
  text->remove_prefix(digits);
  return value;
}

/// "Z" or "+01:30", in seconds east of Greenwich.
std::optional<int64_t> TakeZone(std::string_view* text) {
  if (TakeChar(text, "Zz")) return 0;
  if (text->empty()) return std::nullopt;
  const int64_t sign = text->front() == '-' ? -1 : 1;
  if (!TakeChar(text, "+-")) return std::nullopt;
  const std::optional<int64_t> hours = TakeDigits(text, 2);
  if (!hours || !TakeChar(text, ":")) return std::nullopt;
  const std::optional<int64_t> minutes = TakeDigits(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

}  // namespace

std::string ReadJsonText(JsonScanner& scanner) {
  if (scanner.Peek() != '"') scanner.Fail("a string");
  BufferBuilder bytes;
  const size_t length = scanner.AppendString(bytes);
  return {bytes.as<char>(), length};
}

uint64_t ReadJsonUnsigned(JsonScanner& scanner) {
  scanner.Peek();
  const JsonNumber number = scanner.Number();
  if (number.kind != JsonNumber::Kind::kUnsigned) scanner.Fail("a number that is not negative and has no fraction");
  return number.as_unsigned;
}

bool TakeJsonNull(JsonScanner& scanner) {
  if (scanner.Peek() != 'n') return false;
  scanner.ExpectWord("null");
  return true;
}

void SkipJsonValue(JsonScanner& scanner, int depth) {
  if (depth > kMaxDepth) scanner.Fail("less nesting");
  switch (scanner.Peek()) {
    case '"': ReadJsonText(scanner); return;
    case 't': scanner.ExpectWord("true"); return;
    case 'f': scanner.ExpectWord("false"); return;
    case 'n': scanner.ExpectWord("null"); return;
    case '{': VisitJsonMembers(scanner, [&](const std::string&) { SkipJsonValue(scanner, depth + 1); }); return;
    case '[':
      scanner.Next();
      for (bool first = true; !scanner.ContainerEnds(']', first); first = false) SkipJsonValue(scanner, depth + 1);
      return;
    default: scanner.Number();
  }
}

std::string QuoteJson(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<uint8_t>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string FormatRfc3339(int64_t ns) {
  using std::chrono::sys_days;
  const std::chrono::sys_time<std::chrono::nanoseconds> time{std::chrono::nanoseconds(ns)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", int(date.year()), unsigned(date.month()), unsigned(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::optional<int64_t> ParseRfc3339(std::string_view text) {
  const std::optional<int64_t> year = TakeDigits(&text, 4);
  if (!year || !TakeChar(&text, "-")) return std::nullopt;
  const std::optional<int64_t> month = TakeDigits(&text, 2);
  if (!month || !TakeChar(&text, "-")) return std::nullopt;
  const std::optional<int64_t> day = TakeDigits(&text, 2);
  if (!day || !TakeChar(&text, "Tt ")) return std::nullopt;
  const std::optional<int64_t> hour = TakeDigits(&text, 2);
  if (!hour || !TakeChar(&text, ":")) return std::nullopt;
  const std::optional<int64_t> minute = TakeDigits(&text, 2);
  if (!minute || !TakeChar(&text, ":")) return std::nullopt;
  const std::optional<int64_t> second = TakeDigits(&text, 2);
  const std::optional<int64_t> fraction = second ? TakeFraction(&text) : std::nullopt;
  const std::optional<int64_t> zone = fraction ? TakeZone(&text) : std::nullopt;
  if (!zone || !text.empty() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  // Nanoseconds since 1970 end in 2262, and begin in 1677.
  if (!date.ok() || *year < 1678 || *year > 2261) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (days * 86400 + *hour * 3600 + *minute * 60 + *second - *zone) * kNanosInSecond + *fraction;
}

}  // namespace eider::table
