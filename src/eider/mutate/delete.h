#pragma once
/// \file
/// Deletes rows: their offsets go to deletion files, data files stay as they are, whatever their version.

#include <eider/scan_options.h>
#include <eider/session.h>
#include <eider/write_options.h>

#include "eider/table/commit.h"

namespace eider::mutate {

struct Deleted {
  table::Snapshot snapshot;  ///< the version that was read, when no row passed the filter
  uint64_t num_rows = 0;
};

/// Rows of the table for which `filter` is true. When other writers changed the same fragments meanwhile, it is run again on
/// their version. \throws Error(kInvalid, kNotFound) for a filter that does not fit, Error(kConflict)
Deleted DeleteRows(const table::Snapshot& read, const SqlExpression& filter, const DeleteOptions& options, const std::shared_ptr<Session>& session);
/// All rows; columns, versions and metadata stay.
Deleted DeleteAllRows(const table::Snapshot& read, const DeleteOptions& options, const std::shared_ptr<Session>& session);

}  // namespace eider::mutate
