#pragma once
/// \file
/// What is gathered of one leaf over some rows.

#include <eider/profile.h>

#include "eider/reduce/fold.h"
#include "eider/reduce/leaves.h"
#include "eider/reduce/value_counts.h"

namespace eider::reduce {

class LeafProfile {
 public:
  explicit LeafProfile(const Leaf& leaf);
  /// `number` of the slice of rows that the values are of.
  void Add(const ArrayPtr& values, uint64_t number);
  void Merge(const LeafProfile& other);
  ColumnProfile Finish(const Leaf& leaf) const;

 private:
  const LeafKind kind_;
  uint64_t num_values_ = 0, num_nulls_ = 0;
  std::unique_ptr<Fold> fold_;  ///< of values, or of their lengths; null: neither
  bool counts_values_ = false;
  ValueCounts counts_;
};

}  // namespace eider::reduce
