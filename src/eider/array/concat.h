#pragma once
/// \file
/// Joins arrays of one type into one.

#include <eider/array.h>

#include <span>

namespace eider {

/// All values of `arrays` in order. One array is returned as it is, without a copy. Dictionaries that are the same object
/// are shared, others are joined one after the other and the indices moved. Types must be equal and there must be at least one
/// array. \throws Error(kInvalid) when 32-bit offsets, or the index type of a joined dictionary, would overflow.
ArrayPtr ConcatArrays(std::span<const ArrayPtr> arrays);

}  // namespace eider
