#pragma once
/// \file
/// Changes the key-value maps of a table, its schema and its fields, and its base paths. Metadata alone: no data file is written.

#include <eider/refs.h>
#include <eider/schema_change.h>

#include "eider/mutate/columns.h"

namespace eider::mutate {

/// \throws Error(kNotFound) for a field that is not there, Error(kConflict) when another writer changed the same keys
table::Snapshot UpdateConfig(const table::Snapshot& read, const ConfigUpdate& update, const ColumnOptions& options);

/// \throws Error(kInvalid) for a path that is relative, and for a name or path that is there; Error(kConflict) when another writer added it
table::Snapshot AddBases(const table::Snapshot& read, const std::vector<BasePath>& bases, const std::map<std::string, std::string>& properties,
                         const ColumnOptions& options);

}  // namespace eider::mutate
