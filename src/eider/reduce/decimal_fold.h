#pragma once
/// \file
/// Decimals of 128 and 256 bits, summed in 320.

#include "eider/reduce/fold.h"

namespace eider::reduce {

std::unique_ptr<Fold> MakeDecimalFold(const TypePtr& type);

}  // namespace eider::reduce
