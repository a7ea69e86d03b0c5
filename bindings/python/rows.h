#pragma once
/// \file
/// Row positions as Python gives them.

#include <nanobind/nanobind.h>

#include <cstdint>
#include <vector>

namespace eider::python {

/// From a list or any sequence of ints, a one-dimensional buffer of integers (NumPy), or an Arrow array of integers
/// without nulls. \throws Error(kInvalid) naming a negative or null position; TypeError for anything else
std::vector<uint64_t> RowsFrom(nanobind::handle object);

}  // namespace eider::python
