#pragma once
/// \file
/// The grammar of expressions, by operator precedence. From the loosest:
///
///     OR | AND | NOT | IS | LIKE ILIKE ~ | = == <> != < <= > >= IN BETWEEN | '|' | ^ << >> | & | + - | * / % '||' | unary - + | :: [] .
///
/// Chains of one precedence become one node, so their length is bounded by the text only; nesting is bounded by kMaxDepth.

#include <string_view>

#include "eider/expr/syntax.h"

namespace eider::expr {

/// Longest text that is parsed.
inline constexpr size_t kMaxTextBytes = size_t{16} << 20;

/// \throws Error(kInvalid) with the position and what was expected
SyntaxPtr ParseSyntax(std::string_view text);

}  // namespace eider::expr
