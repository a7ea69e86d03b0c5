#pragma once
/// \file
/// Conditions put together.

#include <eider/export.h>
#include <eider/scan_options.h>

namespace eider {

/// True where both are. Each keeps the values of its own parameters, whatever their names.
/// \throws Error(kInvalid) when one does not parse, or a parameter of it has no value
EIDER_EXPORT SqlExpression BothConditions(const SqlExpression& left, const SqlExpression& right);

}  // namespace eider
