#pragma once
/// \file
/// A struct's child as a column of its own.

#include <eider/array.h>

namespace eider {

/// Child `index` over the struct's window, null wherever the struct is null. Copies at most one bitmap.
ArrayPtr StructChild(const Array& parent, size_t index);

}  // namespace eider
