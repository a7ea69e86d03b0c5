#pragma once
/// \file
/// Adds and drops columns: one new data file per fragment for added ones, metadata alone for columns of nulls and for drops.

#include <eider/scan_options.h>
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
/// Columns of the values of expressions over the rows, nullable whatever they are; metadata alone where all are the null. Fragments
/// are written side by side; when other writers change rows meanwhile, it is run again on their version.
/// \throws Error(kInvalid) for a name that is not free, or an expression that does not parse or has no value in some row that is not deleted
table::Snapshot AddComputedColumns(const table::Snapshot& read, const std::vector<ComputedColumn>& columns, const ColumnOptions& options);
/// What a struct that is there lacks of a struct of its name becomes its new fields, in tables of version 2.2.
/// \throws Error(kInvalid) for a field that is not nullable or exists already
table::Snapshot AddNullColumns(const table::Snapshot& read, const Schema& columns, const ColumnOptions& options);
/// Paths, nested ones allowed. \throws Error(kNotFound) naming the missing one, Error(kInvalid) when none would be left.
table::Snapshot DropColumns(const table::Snapshot& read, const std::vector<std::string>& paths, const ColumnOptions& options);


/// The table with this schema over the same files. `schema` keeps the ids of the fields that it keeps.
table::Snapshot CommitProject(const table::Snapshot& read, const LanceSchema& schema, bool sync);

}  // namespace eider::mutate
