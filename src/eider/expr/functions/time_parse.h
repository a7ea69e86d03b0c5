#pragma once
/// \file
/// Text as times by a format: the letters of time_format.h, read.
///
/// A blank in the format stands for any blanks, or none. Digits may be fewer than are written; %f and %.f take one to nine of a fraction
/// (%3f %6f %9f: as many as they say). What a format does not name is 1970-01-01 00:00:00.

#include <optional>
#include <string_view>

#include "eider/expr/temporal.h"

namespace eider::expr {

/// nullopt for a text that does not fit. \throws Error(kInvalid) for a letter that is not read
std::optional<Instant> ParseTime(std::string_view text, std::string_view format);

}  // namespace eider::expr
