#pragma once
/// \file
/// Lists in the making.

#include <eider/interrupt.h>

#include "eider/expr/node.h"

namespace eider::expr {

/// Functions of lists count the items of each row: every so many, whether the work is still wanted is asked.
class ItemCheck {
 public:
  void Count(int64_t items) {
    left_ -= items + 1;
    if (left_ > 0) return;
    left_ = kItems;
    CheckInterrupt();
  }

 private:
  static constexpr int64_t kItems = 1 << 16;
  int64_t left_ = kItems;
};

/// Rows of lists whose items are picked from one array.
class ListBuilder {
 public:
  void Append(int64_t item) { items_.push_back(item); }  ///< a position in the items, or -1 for a null
  /// \throws Error(kOutOfBudget) when the rows so far take more than a call may (TextScope): the same of fewer rows may do
  void EndRow(bool valid = true);
  /// \throws Error(kInvalid) past 2^31 items
  ArrayPtr Finish(const TypePtr& type, const ArrayPtr& items);

 private:
  std::vector<int64_t> items_;
  std::vector<size_t> ends_;
  BitBuilder valid_;
  ItemCheck check_;
};

/// The lists of the arguments one after the other; a null list has no items; null where all are. All arguments are of the call's type.
Kernel ListConcatKernel();
/// One list per row of the arguments, which are of the item type of the call's type.
Kernel MakeListKernel();

}  // namespace eider::expr
