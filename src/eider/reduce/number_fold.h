#pragma once
/// \file
/// Integers, floats, dates, times, timestamps and durations. NaN is greater than every number; 0.0 stands for both zeros.

#include "eider/reduce/fold.h"

namespace eider::reduce {

std::unique_ptr<Fold> MakeNumberFold(const TypePtr& type, const Wanted& wanted);

}  // namespace eider::reduce
