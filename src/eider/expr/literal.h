#pragma once
/// \file
/// Literals, and what becomes of one that meets a column.

#include "eider/expr/exact_number.h"
#include "eider/expr/node.h"

namespace eider::expr {

/// int64 where it fits, else uint64, else double. \throws Error(kInvalid)
NodePtr NumberLiteral(const std::string& text);
NodePtr TextLiteral(std::string_view text);
NodePtr BoolLiteral(bool value);

struct Fitted {
  NodePtr value;  ///< of the wanted type; nullptr for kBelow and kAbove
  Fit fit = Fit::kExact;
};
/// The literal as a value of `type`, exact or with how it misses: `i8 < 300` and `i8 = 1.5` have answers. Floats take the nearest value.
/// \throws Error(kInvalid) when values of `type` are no such thing, as text is no number
Fitted FitLiteral(const LiteralNode& literal, const TypePtr& type);

}  // namespace eider::expr
