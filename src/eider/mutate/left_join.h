#pragma once
/// \file
/// Left joins of another table to a table by a key: its columns for every row, or new values in the rows that it has. Rows of the table
/// whose key is null or is not there get nulls, or stay; of several equal keys the first counts.

#include <string>
#include <vector>

#include "eider/mutate/columns.h"
#include "eider/mutate/worker.h"

namespace eider::mutate {

/// Top-level columns: of the table (or "_rowid", "_rowaddr"), and of what is joined to it.
struct JoinKey {
  std::string left, right;
};

/// Adds the columns of `right` besides its key. `right` is kept in memory while it fits a share of the budget, else in temporary files.
/// \throws Error(kNotFound) for a key that is not there, Error(kInvalid) for keys whose types do not compare, or a column whose name is not free
table::Snapshot JoinColumns(const table::Snapshot& read, RecordBatchReader& right, const JoinKey& on, const ColumnOptions& options);

/// The same for one fragment, without a commit.
ChangedFragment JoinToFragment(const table::Snapshot& read, size_t fragment, RecordBatchReader& right, const JoinKey& on, const ColumnOptions& options);

struct UpdatedFragment {
  ChangedFragment changed;
  std::vector<uint32_t> offsets;  ///< physical, of the rows with new values
};
/// New values of columns that the table has, in a new file. \throws as above, Error(kUnsupported) for blobs
UpdatedFragment UpdateFragmentColumns(const table::Snapshot& read, size_t fragment, RecordBatchReader& right, const JoinKey& on,
                                      const ColumnOptions& options);

}  // namespace eider::mutate
