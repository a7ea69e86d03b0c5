#pragma once
/// \file
/// One type for several values.

#include "eider/expr/node.h"

namespace eider::expr {

/// The type in which values of both types are compared or put side by side, or nullptr when there is none: the wider integer, a decimal for
/// uint64 against signed, double for integers against floats, the finer unit, the one with a zone.
TypePtr CommonType(const TypePtr& a, const TypePtr& b);
/// Dictionaries give their values and float16 becomes float: what operators and functions work on.
NodePtr Plain(NodePtr node);
/// All nodes under their common type; a literal takes the type of the columns where it has a value in it.
/// \throws Error(kInvalid) naming the types
std::vector<NodePtr> Unify(std::vector<NodePtr> nodes);

}  // namespace eider::expr
