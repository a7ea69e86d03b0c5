#pragma once
/// \file
/// Adds and drops columns: one new data file per fragment for added ones, metadata alone for columns of nulls and for drops.

#include <eider/write_options.h>

#include <string>
#include <vector>

#include "eider/table/commit.h"

namespace eider::mutate {

struct ColumnOptions {
  Durability durability = Durability::kDefault;
  std::shared_ptr<Session> session;
};

/// `data` holds the live rows of `read` in order, no more and no fewer (kInvalid otherwise).
table::Snapshot AddColumns(const table::Snapshot& read, RecordBatchReader& data, const ColumnOptions& options);
/// \throws Error(kInvalid) for a field that is not nullable or exists already.
table::Snapshot AddNullColumns(const table::Snapshot& read, const Schema& columns, const ColumnOptions& options);
/// Paths, nested ones allowed. \throws Error(kNotFound) naming the missing one, Error(kInvalid) when none would be left.
table::Snapshot DropColumns(const table::Snapshot& read, const std::vector<std::string>& paths, const ColumnOptions& options);

}  // namespace eider::mutate
