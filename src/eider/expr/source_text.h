#pragma once
/// \file
/// Where in the text something is wrong.

#include <string>
#include <string_view>

#include "eider/base/error.h"

namespace eider::expr {

/// The text, without what goes beyond so many bytes.
std::string Shortened(std::string_view text, size_t most);

/// "filter, line 1, column 8: what", the line, and a caret under the column. Long lines are cut around it, and so is a long `what`.
Error ErrorAt(std::string_view text, size_t position, std::string_view what);

}  // namespace eider::expr
