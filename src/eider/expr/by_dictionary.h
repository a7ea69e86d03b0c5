#pragma once
/// \file
/// Dictionary columns: their values, and tests that look at each value once instead of at each row.

#include "eider/expr/node.h"

namespace eider::expr {

/// For each row what `values` has at its key; null where the row is. \throws Error for a key outside `values`
ArrayPtr TakeByKeys(const Column& dictionary, const ArrayPtr& values, int64_t rows);

/// The dictionary column that `decoded` is the values of; null when it is anything else.
NodePtr DictionaryOf(const Node& decoded);
/// `test` for a dictionary as its first argument, the others constant. `test` never throws, and is null where that argument is.
Kernel OncePerValue(Kernel test);

}  // namespace eider::expr
