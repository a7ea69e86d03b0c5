#pragma once
/// \file
/// Renames columns, allows or forbids nulls, and casts: metadata alone, but for casts, which write the column anew under a new field id
/// into one more file of each fragment. Files that hold the old values stay as they are.

#include <eider/schema_change.h>

#include <vector>

#include "eider/mutate/columns.h"

namespace eider::mutate {

/// Paths are those before any change. When other writers get in the way, it is run again on their version.
/// \throws Error(kNotFound) for a path, Error(kInvalid) for a name that is not free, nulls that are there, a cast between types of
/// different families or a value that does not fit, Error(kUnsupported) for fields below lists
table::Snapshot AlterColumns(const table::Snapshot& read, const std::vector<ColumnAlteration>& alterations, const ColumnOptions& options);

}  // namespace eider::mutate
