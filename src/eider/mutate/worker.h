#pragma once
/// \file
/// Work in parts: fragments written and changed without a commit, and the commit of what others did.

#include <eider/scan_options.h>
#include <eider/write_options.h>

#include "eider/mutate/column_merge.h"
#include "eider/query/table_reader.h"

namespace eider::mutate {

/// Writes the data files of an append or an overwrite, or of a new table, and leaves them. \throws Error(kAlreadyExists) to create a table
/// that is there
table::TransactionProto WriteUncommitted(const io::ObjectStorePtr& store, RecordBatchReader& data, const WriteOptions& options);
/// \throws Error(kInvalid) for a transaction that does not fit the table, Error(kNotFound) where there is none
table::Snapshot CommitTransaction(const io::ObjectStorePtr& store, table::TransactionProto transaction, const CommitOptions& options);

/// The fragment without these rows (addresses of live ones); nullopt when none is left.
std::optional<table::DataFragmentProto> DeleteFromFragment(const query::TableReader& table, size_t fragment, const SqlExpression& filter);
/// The same, by physical position. \throws Error(kInvalid) for one that is out of range
std::optional<table::DataFragmentProto> DeleteFromFragment(const query::TableReader& table, size_t fragment, std::span<const uint64_t> offsets);

struct ChangedFragment {
  table::DataFragmentProto fragment;
  LanceSchema schema;              ///< of the table with it
  std::vector<int32_t> field_ids;  ///< of the new file
};
ChangedFragment AddToFragment(const table::Snapshot& read, size_t fragment, const std::vector<ComputedColumn>& columns, const ColumnOptions& options);
/// `data` hold the live rows of the fragment. `replace`: of columns that the table has, whose values of before become invalid.
ChangedFragment AddToFragment(const table::Snapshot& read, size_t fragment, RecordBatchReader& data, bool replace, const ColumnOptions& options);

}  // namespace eider::mutate
