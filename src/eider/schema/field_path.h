#pragma once
/// \file
/// Field paths: "a.b.c", where backquotes quote a segment that has dots ("a.`b.c`").

#include <string>
#include <string_view>
#include <vector>

namespace eider {

/// \throws Error(kInvalid) for a backquote that is not closed.
std::vector<std::string> SplitFieldPath(std::string_view path);

}  // namespace eider
