#pragma once
/// \file
/// References to versions as Python gives them.

#include <eider/refs.h>
#include <nanobind/nanobind.h>

namespace eider::python {

/// None, a number, the name of a tag, or (branch | None, number | None). Python has checked it.
Reference ReferenceFrom(nanobind::handle reference);

}  // namespace eider::python
