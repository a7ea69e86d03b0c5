#pragma once
/// \file
/// Functions of Substrait's extensions, as SQL.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace eider::expr {

/// The call, in parentheses where it needs them. `name` without its signature; `arguments` are expressions in SQL.
/// nullopt for a function that is unknown, or takes another number of arguments
std::optional<std::string> SubstraitCall(std::string_view name, std::span<const std::string> arguments);

}  // namespace eider::expr
