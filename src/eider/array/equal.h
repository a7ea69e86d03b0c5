#pragma once
/// \file
/// Equality of arrays by value: layout, offsets, slack under nulls and the order of a dictionary do not matter.

#include <eider/array.h>

#include <string>

namespace eider {

/// Types equal (without metadata), same length, same nulls, same values; floats by bits. When they differ, `*difference` (if
/// given) says where: "[3].x: valid against null".
bool ArraysEqual(const Array& a, const Array& b, std::string* difference = nullptr);
/// Values a[i] and b[j] only; the types are equal.
bool ValuesEqual(const Array& a, int64_t i, const Array& b, int64_t j, std::string* difference = nullptr);

}  // namespace eider
