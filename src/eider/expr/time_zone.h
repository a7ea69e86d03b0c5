#pragma once
/// \file
/// What clocks show where: fixed offsets, and places of the system's zone files (TZif, RFC 8536).

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace eider::expr {

class TimeZone {
 public:
  /// "UTC", "+02:00", "Europe/Athens". \throws Error(kInvalid) for a name that is no zone
  static std::shared_ptr<const TimeZone> Find(std::string_view name);

  /// Seconds that the zone's clock is ahead of UTC at a moment.
  int64_t OffsetAt(int64_t utc_seconds) const;
  /// The moment at which the clock shows `local_seconds`; the earlier of two, and past a gap as if the clock had not been moved yet.
  int64_t ToUtc(int64_t local_seconds) const;

 private:
  /// When summer time begins or ends: the n-th (5: last) weekday of a month, at a second of the day.
  struct Turn {
    int month = 0, week = 0, weekday = 0;
    int64_t second = 7200;
    int64_t At(int64_t year) const;
  };
  void ReadFile(std::string_view bytes);
  void ReadRule(std::string_view rule);

  std::vector<int64_t> starts_;   ///< moments, rising
  std::vector<int64_t> offsets_;  ///< one more than starts_: the first is before all
  bool has_rule_ = false, has_summer_ = false;
  int64_t standard_ = 0, summer_ = 0;
  Turn to_summer_, to_standard_;
};

}  // namespace eider::expr
