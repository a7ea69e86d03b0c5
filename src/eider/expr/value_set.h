#pragma once
/// \file
/// Sets of values for IN: one look-up per row, however long the list is.

#include "eider/expr/node.h"

namespace eider::expr {

/// A kernel of one column that says whether its value is among `values` (one array of its type, nulls allowed). Null where the column is, and
/// where the value is not found while `values` has a null; `negated` turns true and false around.
Kernel InKernel(const ArrayPtr& values, bool negated);
/// Whether InKernel takes values of this type.
bool HasValueSet(const DataType& type);

}  // namespace eider::expr
