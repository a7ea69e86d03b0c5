#pragma once
/// \file
/// Picks values of an array by position.

#include <eider/array.h>

#include <span>

namespace eider {

/// The values at `indices`, in their order, duplicates kept. A negative index gives a null.
/// \throws Error(kInvalid) for an index past the end, or when 32-bit offsets would overflow.
ArrayPtr TakeArray(const ArrayPtr& array, std::span<const int64_t> indices);

/// TakeArray of every column.
RecordBatch TakeBatch(const RecordBatch& batch, std::span<const int64_t> rows);

/// The values that the keys of a dictionary array stand for. \throws Error(kInvalid) for a key past the end
ArrayPtr DecodeDictionary(const Array& array);

}  // namespace eider
