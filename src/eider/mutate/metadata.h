#pragma once
/// \file
/// Changes the key-value maps of a table, its schema and its fields. Metadata alone: no data file is written.

#include <eider/schema_change.h>

#include "eider/mutate/columns.h"

namespace eider::mutate {

/// \throws Error(kNotFound) for a field that is not there, Error(kConflict) when another writer changed the same keys
table::Snapshot UpdateConfig(const table::Snapshot& read, const ConfigUpdate& update, const ColumnOptions& options);

}  // namespace eider::mutate
