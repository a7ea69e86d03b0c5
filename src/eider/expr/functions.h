#pragma once
/// \file
/// The functions of the dialect. functions.cc has the table: one row for each, with its names, its signature and its kernel.

#include "eider/expr/node.h"

namespace eider::expr {

/// A call by name (any case). \throws Error(kInvalid) for a name that is unknown, with one that is near it, and for arguments that fit none
/// of its signatures, with these
NodePtr MakeFunctionCall(std::string_view name, std::vector<NodePtr> arguments);

/// Every row as "name(arguments) -> type", for the guide's tests.
std::vector<std::string> FunctionSignatures();

}  // namespace eider::expr
