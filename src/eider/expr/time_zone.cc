#include "eider/expr/time_zone.h"

#include <algorithm>
#include <bit>
#include <fstream>
#include <iterator>

#include "eider/base/bytes.h"
#include "eider/expr/temporal.h"

namespace eider::expr {
namespace {

constexpr std::string_view kZoneFolder = "/usr/share/zoneinfo/";
constexpr size_t kMaxZoneBytes = size_t{1} << 20;

bool IsZoneName(std::string_view name) {
  if (name.empty() || name.size() > 64 || name[0] == '/' || name.find("..") != std::string_view::npos) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '/' || c == '_' || c == '-' || c == '+'; });
}

std::optional<int64_t> FixedOffset(std::string_view name) {
  if (name == "UTC" || name == "Z" || name == "GMT" || name == "Etc/UTC") return 0;
  if (name.size() < 3 || (name[0] != '+' && name[0] != '-')) return std::nullopt;
  const std::optional<Instant> parsed = ParseInstant("1970-01-01T00:00:00" + std::string(name));
  return parsed ? parsed->offset : std::nullopt;
}

template <typename T>
T LoadBig(std::string_view bytes, uint64_t at) {
  const T value = ReadLe<T>(SpanOf(bytes), at, "zone file");
  if constexpr (sizeof(T) == 8) return T(__builtin_bswap64(uint64_t(value)));
  else return T(__builtin_bswap32(uint32_t(value)));
}

/// Reads the parts of a POSIX rule: "EET-2EEST,M3.5.0/3,M10.5.0/4".
struct RuleScan {
  std::string_view text;
  void SkipName() {
    if (text.starts_with('<')) return text.remove_prefix(std::min(text.find('>'), text.size() - 1) + 1);
    while (!text.empty() && std::isalpha(static_cast<unsigned char>(text[0]))) text.remove_prefix(1);
  }
  int64_t Number() {
    int64_t value = 0;
    for (int n = 0; n < 6 && !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])); ++n) value = value * 10 + (text[0] - '0'), text.remove_prefix(1);
    return value;
  }
  bool Take(char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
  }
  int64_t Time() {
    const bool minus = Take('-');
    if (!minus) Take('+');
    int64_t seconds = Number() * 3600;
    if (Take(':')) seconds += Number() * 60;
    if (Take(':')) seconds += Number();
    return minus ? -seconds : seconds;
  }
};

}  // namespace

int64_t TimeZone::Turn::At(int64_t year) const {
  const int64_t first = DaysFromCivil(year, month, 1);
  int64_t day = first + (weekday - WeekdayOf(first) + 7) % 7 + (week - 1) * 7;
  while (day >= first + DaysInMonth(year, month)) day -= 7;
  return day * kSecondsPerDay + second;
}

std::shared_ptr<const TimeZone> TimeZone::Find(std::string_view name) {
  auto zone = std::make_shared<TimeZone>();
  if (const std::optional<int64_t> offset = FixedOffset(name)) {
    zone->offsets_ = {*offset};
    return zone;
  }
  if (IsZoneName(name)) {
    std::ifstream file(std::string(kZoneFolder) + std::string(name), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (bytes.starts_with("TZif") && bytes.size() <= kMaxZoneBytes) {
      zone->ReadFile(bytes);
      return zone;
    }
  }
  throw Invalid("time zone '{}' is neither an offset such as +02:00 nor a zone of this system ({})", name, kZoneFolder);
}

void TimeZone::ReadFile(std::string_view bytes) {
  // Two blocks, the second with 64-bit moments; each has a header of 44 bytes with six counts at 20.
  const auto count = [&](uint64_t block, int i) { return uint64_t(LoadBig<uint32_t>(bytes, block + 20 + 4 * uint64_t(i))); };
  const auto body = [&](uint64_t block, uint64_t width) {
    return count(block, 0) + count(block, 1) + count(block, 2) * (width + 4) + count(block, 3) * (width + 1) + count(block, 4) * 6 + count(block, 5);
  };
  const bool wide = bytes.size() > 4 && bytes[4] >= '2';
  const uint64_t block = wide ? 44 + body(0, 4) : 0, width = wide ? 8 : 4;
  const uint64_t times = count(block, 3), types = count(block, 4), at = block + 44;
  const uint64_t indices = at + times * width, infos = indices + times;
  const auto offset_of = [&](uint64_t type) { return int64_t(LoadBig<int32_t>(bytes, infos + 6 * std::min(type, types - 1))); };
  if (types == 0) throw Corrupt("zone file: no types");
  offsets_ = {offset_of(0)};
  for (uint64_t i = 0; i < times; ++i) {
    starts_.push_back(wide ? LoadBig<int64_t>(bytes, at + 8 * i) : int64_t(LoadBig<int32_t>(bytes, at + 4 * i)));
    offsets_.push_back(offset_of(ReadLe<uint8_t>(SpanOf(bytes), indices + i, "zone file")));
  }
  if (!wide) return;
  const uint64_t footer = block + 44 + body(block, 8);
  if (footer + 1 < bytes.size()) ReadRule(bytes.substr(footer + 1, bytes.substr(footer + 1).find('\n')));
}

void TimeZone::ReadRule(std::string_view rule) {
  RuleScan scan{rule};
  scan.SkipName();
  if (scan.text.empty()) return;
  standard_ = -scan.Time();
  has_rule_ = true;
  if (scan.text.empty()) return;
  scan.SkipName();
  summer_ = standard_ + 3600;
  if (!scan.text.empty() && scan.text[0] != ',') summer_ = -scan.Time();
  for (Turn* turn : {&to_summer_, &to_standard_}) {
    if (!scan.Take(',') || !scan.Take('M')) return;
    turn->month = int(scan.Number()), scan.Take('.');
    turn->week = int(scan.Number()), scan.Take('.');
    turn->weekday = int(scan.Number());
    if (scan.Take('/')) turn->second = scan.Time();
    if (turn->month < 1 || turn->month > 12 || turn->week < 1 || turn->week > 5 || turn->weekday > 6) return;
  }
  has_summer_ = true;
}

int64_t TimeZone::OffsetAt(int64_t utc) const {
  if (has_rule_ && (starts_.empty() || utc >= starts_.back())) {
    if (!has_summer_) return standard_;
    const int64_t year = CivilFromDays(int64_t(FloorDiv(utc + standard_, kSecondsPerDay))).year;
    const int64_t on = to_summer_.At(year) - standard_, off = to_standard_.At(year) - summer_;
    const bool summer = on < off ? utc >= on && utc < off : utc >= on || utc < off;
    return summer ? summer_ : standard_;
  }
  return offsets_[size_t(std::upper_bound(starts_.begin(), starts_.end(), utc) - starts_.begin())];
}

int64_t TimeZone::ToUtc(int64_t local) const {
  const int64_t before = OffsetAt(local - kSecondsPerDay), after = OffsetAt(local + kSecondsPerDay);
  if (OffsetAt(local - before) == before) return local - before;
  if (OffsetAt(local - after) == after) return local - after;
  return local - before;
}

}  // namespace eider::expr
