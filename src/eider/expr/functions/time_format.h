#pragma once
/// \file
/// Times as text by a format.
///
///     %Y year  %m month  %d day  %H hour  %M minute  %S second  %f nanoseconds (%3f %6f %9f: so many digits)  %j day of the year
///     %y two digits of the year  %b %B month  %a %A weekday  %I hour of 12  %p AM or PM  %e day with a blank  %u weekday from Monday
///     %F = %Y-%m-%d  %T = %H:%M:%S  %s seconds since 1970  %z offset  %% percent

#include <span>
#include <string>
#include <string_view>

#include "eider/expr/column.h"

namespace eider::expr {

inline constexpr std::string_view kMonthNames[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"};
inline constexpr std::string_view kDayNames[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

/// \throws Error(kInvalid) for a letter that means nothing
std::string FormatTime(Int128 clock_nanos, Int128 offset_seconds, std::string_view format);

}  // namespace eider::expr
