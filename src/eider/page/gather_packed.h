#pragma once
/// \file
/// Rows of packed structs: the fields of each item back to back, as packed_struct.h (codec) draws them.

#include "eider/page/gather.h"

namespace eider::page {

/// True when all fields are plain values of whole bytes: rows are then fixed-width values, and nothing else needs version 2.2.
bool IsPlainPacked(const DataType& type);

/// \throws Error(kUnsupported) naming a field that no packed struct can hold.
void RequirePackable(const DataType& type);

/// The items of `leaf`, structs of `type`, as rows; those of null items are zero or empty. \throws Error(kInvalid) for a null in a field.
GatheredValues GatherPacked(const ShreddedLeaf& leaf, const DataType& type);

}  // namespace eider::page
