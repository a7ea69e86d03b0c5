#pragma once
/// \file
/// Comparison. NaN equals NaN and is greater than every number, -0.0 equals 0.0, strings and binary compare by bytes, lists by
/// their first difference, structs by their first fields. Inside of lists and structs a null comes first and equals a null.

#include "eider/expr/column.h"

namespace eider::expr {

enum class Comparison { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
std::string_view ComparisonName(Comparison comparison);
/// The comparison with its sides swapped.
Comparison Swapped(Comparison comparison);

/// Booleans, null where a side is null. Both sides have one type, but layouts of strings may differ.
ArrayPtr CompareColumns(Comparison comparison, const Column& left, const Column& right, int64_t rows);
/// Bits where the rows differ, nulls being equal to each other and to nothing else.
Buffer DistinctBits(const Column& left, const Column& right, int64_t rows);

/// Negative, zero or positive for a[i] against b[j].
int CompareValues(const Array& a, int64_t i, const Array& b, int64_t j);

}  // namespace eider::expr
