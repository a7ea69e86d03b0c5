#pragma once
/// \file
/// Arrays of nothing but nulls, for columns that no file holds.

#include <eider/array.h>

namespace eider {

/// `length` nulls of `type`. Buffers are zero; children of structs and fixed-size lists are null as well.
ArrayPtr MakeNullArray(const TypePtr& type, int64_t length);

}  // namespace eider
