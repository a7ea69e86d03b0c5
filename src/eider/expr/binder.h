#pragma once
/// \file
/// Syntax to a typed tree: names are looked up, literals take the type of what they meet, both sides of an operator get one type.

#include "eider/expr/expression.h"
#include "eider/expr/node.h"
#include "eider/expr/syntax.h"

namespace eider::expr {

/// \throws Error(kInvalid) with the position in `text`
NodePtr Bind(const Syntax& syntax, std::string_view text, const Schema& schema, const Parameters& parameters);
/// The same as an operand: arithmetic stays in the wider type that it computes in, dictionaries and float16 are plain values.
NodePtr BindOperand(const Syntax& syntax, std::string_view text, const Schema& schema, const Parameters& parameters);

}  // namespace eider::expr
