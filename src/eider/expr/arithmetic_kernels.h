#pragma once
/// \file
/// The loops of arithmetic.

#include "eider/expr/node.h"

namespace eider::expr {

/// Both arguments are of the call's type: int64, float, double or decimal128 of the scales that the operator needs.
Kernel NumberOperator(char symbol, const TypePtr& type);
/// decimal128 / decimal128: the left one is multiplied by 10^shift first.
Kernel DecimalDivision(int shift);
/// & | ^ < (shift left) > (shift right), on int64.
Kernel BitOperator(char symbol, const TypePtr& type);
/// timestamp or date plus (sign 1) or minus (-1) an interval; to the type of the left side.
Kernel IntervalOperator(int sign);
/// Text or binary after text or binary.
Kernel ConcatOperator();

}  // namespace eider::expr
