#pragma once
/// \file
/// A merge in the making: new columns for the fragments of one version, one more data file in each.

#include <optional>

#include "eider/mutate/columns.h"
#include "eider/mutate/fragment_rows.h"
#include "eider/mutate/write_fragments.h"

namespace eider::mutate {

/// 1 + the highest field id of the schema or of any file: ids are not used twice while a file still lists them.
int32_t NextFieldId(const table::Manifest& manifest);
/// Arrow -> columns to add to a table, with new ids. \throws Error(kInvalid) for none, or one whose name is not free
LanceSchema NewColumns(const table::Manifest& manifest, const Schema& columns);
/// The table's columns and those of nulls, which may be new fields of structs that are there. \throws Error(kInvalid) for one that is
/// there already, or not nullable
LanceSchema WithNullFields(const table::Manifest& manifest, const Schema& columns);
/// The table's columns and then `added`.
LanceSchema WithColumns(const table::Manifest& manifest, const LanceSchema& added);

class ColumnMerge {
 public:
  /// The version gets `schema`, and files for its fields `added`. \throws Error(kUnsupported) for a table that cannot be written
  ColumnMerge(const table::Snapshot& read, LanceSchema added, const LanceSchema& schema, const ColumnOptions& options);

  const LanceSchema& added() const { return added_; }
  /// The file of the version's `i`-th fragment, from `rows` (of a reader aligned with added()), of which this takes the fragment's live
  /// ones. Thread-safe for different fragments.
  void Write(size_t i, LiveRowStream& rows);
  /// The fragment, with the file that was written.
  const table::DataFragmentProto& fragment(size_t i) const { return transaction_.merge().fragments(static_cast<int>(i)); }
  table::Snapshot Commit();
  /// Instead of a commit, which others will make: the files stay.
  void Keep() { files_->Keep(); }

 private:
  const table::Snapshot& read_;
  const LanceSchema added_;
  std::optional<NewDataFiles> files_;
  table::TransactionProto transaction_;
};

}  // namespace eider::mutate
