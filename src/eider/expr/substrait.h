#pragma once
/// \file
/// Conditions as Substrait sends them: an ExtendedExpression message, as SQL of our dialect and the values of its parameters.
///
/// Fields are given by their place in the schema that the message carries, whose names, depth first, name the columns. Literals become
/// parameters and keep their types.

#include <string>

#include "eider/base/bytes.h"
#include "eider/expr/expression.h"

namespace eider::expr {

struct SubstraitCondition {
  std::string text;
  std::vector<ArrayPtr> parameters;  ///< of $1, $2...
};

/// \throws Error(kInvalid) for bytes that are no such message or contradict themselves, Error(kUnsupported) naming a function, a literal or a
/// type that is not read
SubstraitCondition ReadSubstrait(ByteSpan message);

}  // namespace eider::expr
