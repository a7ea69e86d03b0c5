#pragma once
/// \file
/// What the columns of a table hold.

#include <eider/array.h>

#include <optional>
#include <string>
#include <vector>

namespace eider {

/// One leaf: a column, a field of a struct, or the items of a list.
struct ColumnProfile {
  std::string path;
  TypePtr type;           ///< as users see it
  int32_t field_id = -1;
  uint64_t num_values = 0, num_nulls = 0;  ///< live rows; of a list its items
  std::optional<uint64_t> num_distinct;    ///< of values; unset where values are not looked at
  bool is_estimate = false;                ///< num_distinct is within about one percent, and top_values come from a sample of the rows
  ArrayPtr min, max;                       ///< one value each; null pointers where there is no order
  std::optional<double> mean;              ///< of numbers
  ArrayPtr top_values;                     ///< the most frequent ones, those that come more than once
  std::vector<uint64_t> top_counts;
  /// Bytes of a value, of binary and blobs.
  struct Lengths {
    uint64_t min = 0, max = 0;
    double mean = 0;
  };
  std::optional<Lengths> lengths;
};

}  // namespace eider
