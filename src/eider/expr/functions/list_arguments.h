#pragma once
/// \file
/// What functions of lists do to their arguments.

#include <cmath>

#include "eider/expr/functions.h"
#include "eider/expr/node.h"

namespace eider::expr {

/// The type of a list. \throws Error(kInvalid) for what is no list
TypePtr RequireList(const NodePtr& node);
/// Gives the lists at `lists` one item type, and the values at `values` that type; lists get 32-bit offsets. \throws Error(kInvalid)
void UnifyItems(std::vector<NodePtr>& arguments, std::initializer_list<size_t> lists, std::initializer_list<size_t> values);
/// items[i] against row `row` of `wanted`; a null is the same as a null.
bool SameItem(const Array& items, int64_t i, const Column& wanted, int64_t row);
NodePtr MakeListCall(std::string name, TypePtr type, Kernel kernel, std::vector<NodePtr> arguments);

}  // namespace eider::expr
