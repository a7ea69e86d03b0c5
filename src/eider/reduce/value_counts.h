#pragma once
/// \file
/// Which values a column has, and how often: exactly while they are few; then their number is estimated, and the frequent ones are
/// counted in a sample.

#include <optional>

#include "eider/array/types.h"
#include "eider/reduce/distinct_estimate.h"
#include "eider/base/key_set.h"

namespace eider::reduce {

class ValueCounts {
 public:
  /// Types whose values are counted.
  static bool Takes(const DataType& type);
  /// \pre Takes(*values.type). `number` of the slice that the values are, by which some are chosen for the sample.
  void Add(const Array& values, uint64_t number);
  void Merge(const ValueCounts& other);
  uint64_t num_distinct() const { return estimate_ ? estimate_->Count() : keys_.size(); }
  bool is_estimate() const { return estimate_.has_value(); }
  struct Top {
    ArrayPtr values;
    std::vector<uint64_t> counts;
  };
  /// The most frequent values, as an array of `type`; of equally frequent ones those that come first in the order of their bytes.
  Top MostFrequent(const TypePtr& type, size_t most) const;

 private:
  template <typename At>
  void AddKeys(const Array& values, uint64_t weight, At&& at);
  void Count(ByteSpan key, uint64_t hash, uint64_t weight);
  void StartEstimate();
  void Prune();

  KeySet keys_;
  std::vector<uint64_t> counts_;  ///< by number of the key
  std::optional<DistinctEstimate> estimate_;
};

}  // namespace eider::reduce
