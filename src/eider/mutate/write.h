#pragma once
/// \file
/// Creates, appends to and overwrites tables.

#include <eider/write_options.h>

#include "eider/table/commit.h"

namespace eider::mutate {

/// Resolves kDefault through EIDER_DURABILITY ("full" or "none"). \throws Error(kInvalid) for another value.
bool SyncsFor(Durability durability);

/// Version 1 of a new table. \throws Error(kAlreadyExists)
table::Snapshot Create(const io::ObjectStorePtr& store, RecordBatchReader& data, const WriteOptions& options);

/// Adds rows. Columns are matched by name; missing nullable ones are filled with null. \throws Error(kInvalid) naming the
/// column and both types when the schemas do not agree.
table::Snapshot Append(const table::Snapshot& read, RecordBatchReader& data, const WriteOptions& options);

/// Replaces schema and rows.
table::Snapshot Overwrite(const table::Snapshot& read, RecordBatchReader& data, const WriteOptions& options);

}  // namespace eider::mutate
