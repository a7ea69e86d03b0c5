#pragma once
/// \file
/// Conditions from engines that speak Substrait.

#include <eider/export.h>
#include <eider/scan_options.h>

#include <span>

namespace eider {

/// The one expression of a Substrait ExtendedExpression message (`pyarrow.substrait.serialize_expressions` writes such), as SQL and parameters.
/// Its columns are found by the names in the message.
/// \throws Error(kInvalid) for bytes that are no such message, Error(kUnsupported) naming a function or type that is not read
EIDER_EXPORT SqlExpression SqlOfSubstrait(std::span<const uint8_t> message);

}  // namespace eider
