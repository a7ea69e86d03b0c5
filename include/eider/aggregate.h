#pragma once
/// \file
/// Aggregates over the rows of a scan, without groups.

#include <eider/scan_options.h>

#include <string>

namespace eider {

/// One column of the answer: `count(*)`, or `count`, `min`, `max`, `sum` or `mean` (also `avg`) of an expression over the columns.
///
/// Nulls are passed over; without values count is 0 and the others are null. NaN is greater than every number, text and binary compare by
/// bytes. A sum is int64 or uint64 for integers, a decimal of all 38 (76) digits for decimals, a duration for durations, and a double
/// otherwise; one that its type does not hold is an Error(kInvalid). Sums of floats are carried in twice the digits of a double.
struct Aggregate {
  std::string name;
  SqlExpression call;
};

}  // namespace eider
