#pragma once
/// \file
/// Are the strings of an array text? Arrow leaves it to whoever makes them.

#include <eider/array.h>

#include <optional>

namespace eider {

/// The first row that holds a string, at any depth, that is not UTF-8. Bytes under nulls do not count.
std::optional<int64_t> FindBadText(const ArrayPtr& array);

}  // namespace eider
