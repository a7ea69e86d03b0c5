#pragma once
/// \file
/// From one type to another.

#include "eider/expr/node.h"

namespace eider::expr {

/// A kernel of one argument. What has no value in `to` is null when `lenient`, else an error.
/// \throws Error(kInvalid) when there is no such cast
Kernel CastKernel(const TypePtr& from, const TypePtr& to, bool lenient);
/// The node as `to`; itself when it is already.
NodePtr CastTo(NodePtr node, const TypePtr& to, bool lenient = false);

/// The type that a SQL name stands for: "bigint unsigned", "decimal(10,2)", "timestamp(3)", "varchar", "int[]".
/// \throws Error(kInvalid) naming the types that there are
TypePtr TypeOfName(std::string_view name);

/// How values of a type become text, as a function of array and position. The position is valid.
using ToText = std::function<std::string(const Array&, int64_t)>;
ToText ToTextOf(const DataType& type);

}  // namespace eider::expr
