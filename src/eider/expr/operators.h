#pragma once
/// \file
/// The nodes of operators, from nodes whose types are known. \throws Error(kInvalid) naming the types, without a position

#include "eider/expr/compare.h"
#include "eider/expr/node.h"

namespace eider::expr {

/// A literal beside a column is compared exactly, whether it has a place in the column's type or not.
NodePtr MakeComparison(Comparison comparison, NodePtr left, NodePtr right);
NodePtr MakeDistinct(NodePtr left, NodePtr right, bool negated);
/// `plain`: choices as an array of the value's type (a dictionary's value type), or null.
NodePtr MakeIn(NodePtr value, const ArrayPtr& plain, std::vector<NodePtr> choices, bool negated);
NodePtr MakeBetween(NodePtr value, NodePtr low, NodePtr high, bool negated);
NodePtr MakeJunction(bool is_and, std::vector<NodePtr> children);
NodePtr MakeNot(NodePtr operand);
/// `how`: like, ilike, similar, regexp, iregexp
NodePtr MakeLike(std::string_view how, NodePtr value, NodePtr pattern, std::string_view escape, bool negated);
/// The node as a boolean; a null without a type is a null boolean. \throws Error(kInvalid) for other types
NodePtr AsBoolean(NodePtr node);

}  // namespace eider::expr
