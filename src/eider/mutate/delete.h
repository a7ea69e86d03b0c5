#pragma once
/// \file
/// Deletes rows: their offsets go to deletion files, data files stay as they are, whatever their version.

#include <eider/scan_options.h>
#include <eider/session.h>
#include <eider/write_options.h>

#include "eider/mutate/changed.h"
#include "eider/mutate/new_deletions.h"
#include "eider/table/commit.h"

namespace eider::mutate {

/// Rows of the table for which `filter` is true. When other writers changed the same fragments meanwhile, it is run again on
/// their version. \throws Error(kInvalid, kNotFound) for a filter that does not fit, Error(kConflict)
Changed DeleteRows(const table::Snapshot& read, const SqlExpression& filter, const ChangeOptions& options, const std::shared_ptr<Session>& session);
/// Commits a delete whose deletion files are written. `predicate`: what it says of itself.
Changed CommitDeletions(const table::Snapshot& read, const std::string& predicate, NewDeletions* deletions, bool sync, table::ReadCheck check);
/// All rows; columns, versions and metadata stay.
Changed DeleteAllRows(const table::Snapshot& read, const ChangeOptions& options, const std::shared_ptr<Session>& session);

}  // namespace eider::mutate
