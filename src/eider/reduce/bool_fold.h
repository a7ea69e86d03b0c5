#pragma once
/// \file
/// Booleans: false is less than true, a sum counts the true ones.

#include "eider/reduce/fold.h"

namespace eider::reduce {

class BoolFold final : public Fold {
 public:
  using Fold::Fold;
  ArrayPtr Min() const override;
  ArrayPtr Max() const override;
  ArrayPtr Sum() const override;
  ArrayPtr Mean() const override;

 private:
  void AddValues(const Array& values) override;
  void MergeValues(const Fold& other) override { num_true_ += static_cast<const BoolFold&>(other).num_true_; }
  uint64_t num_true_ = 0;
};

}  // namespace eider::reduce
