#pragma once
/// \file
/// Equal values share a number: what dictionaries are made of.

#include <eider/array.h>

#include <vector>

namespace eider {

/// Numbers the values of an array in the order in which they come. Nulls are alike; nested values all differ.
struct NumberedValues {
  explicit NumberedValues(const Array& values);

  std::vector<uint64_t> numbers;  ///< of each value
  std::vector<int64_t> kept;      ///< the first value of each number
};

}  // namespace eider
