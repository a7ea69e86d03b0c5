#include "eider/reduce/bool_fold.h"

#include "eider/expr/column.h"
#include "eider/reduce/valid_values.h"

namespace eider::reduce {

void BoolFold::AddValues(const Array& values) {
  const uint8_t* bits = values.buffers[0].data();
  VisitValid(values, [&](int64_t first, int64_t count) { num_true_ += CountBits(bits, static_cast<uint64_t>(first), static_cast<uint64_t>(count)); },
             [&](int64_t at) { num_true_ += GetBit(bits, static_cast<uint64_t>(at)); });
}

ArrayPtr BoolFold::Min() const { return num_values() ? expr::One(type(), num_true_ == num_values()) : Fold::Min(); }
ArrayPtr BoolFold::Max() const { return num_values() ? expr::One(type(), num_true_ > 0) : Fold::Max(); }
ArrayPtr BoolFold::Sum() const { return num_values() ? expr::One(SumType(*type()), num_true_) : Fold::Sum(); }
ArrayPtr BoolFold::Mean() const { return MakeMean(static_cast<double>(num_true_)); }

}  // namespace eider::reduce
