#pragma once
/// \file
/// How Python asks for encodings: one profile, and keys by column.

#include <eider/write_options.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>

#include <map>
#include <string>

namespace eider::python {

using ColumnOptions = std::map<std::string, std::map<std::string, std::string>>;

inline EncodingOptions EncodingFrom(bool compact, const ColumnOptions& columns) {
  return {.profile = compact ? EncodingProfile::kCompact : EncodingProfile::kFast, .columns = columns};
}

}  // namespace eider::python
