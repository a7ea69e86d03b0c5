#pragma once
/// \file
/// Field paths: "a.b.c", where backquotes quote a segment that has dots ("a.`b.c`"), and stand twice for one of its own.

#include <string>
#include <string_view>
#include <vector>

namespace eider {

/// \throws Error(kInvalid) for a backquote that is not closed.
std::vector<std::string> SplitFieldPath(std::string_view path);
/// The name as a segment of a path, in backquotes where it needs them.
std::string QuoteSegment(std::string_view name);

}  // namespace eider
