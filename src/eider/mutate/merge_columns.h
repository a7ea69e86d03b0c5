#pragma once
/// \file
/// Merges that only update rows, written as columns: a new data file with the columns of the source in each fragment that has such rows.
/// No other column is read or written.

#include "eider/mutate/merge_insert.h"
#include "eider/mutate/merge_source.h"

namespace eider::mutate {

/// One attempt. \throws Error(kInvalid) for a merge that does more than update, or a source that has all columns or keys alone
Merged MergeColumns(const table::Snapshot& read, const MergeSource& source, const MergeInsertOptions& options,
                    const std::shared_ptr<Session>& session, MergeEnd end);

}  // namespace eider::mutate
