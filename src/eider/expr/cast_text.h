#pragma once
/// \file
/// Casts between text and everything else.

#include "eider/expr/cast.h"

namespace eider::expr {

/// \throws Error(kInvalid) when there is no such cast
Kernel FromTextKernel(const TypePtr& to, bool lenient);
Kernel ToTextKernel(const TypePtr& from);

}  // namespace eider::expr
