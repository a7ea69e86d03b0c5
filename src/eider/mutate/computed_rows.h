#pragma once
/// \file
/// Values of expressions for the rows of each fragment, computed and written side by side.

#include <eider/scan_options.h>

#include "eider/mutate/column_merge.h"
#include "eider/query/computed_columns.h"

namespace eider::mutate {

class ComputedFragments {
 public:
  /// \throws Error(kInvalid) when an expression does not parse
  ComputedFragments(const table::Snapshot& read, const std::vector<ComputedColumn>& columns, std::shared_ptr<Session> session);

  const SchemaPtr& schema() const { return computed_.schema(); }
  /// The live rows of a fragment. `width`: parts of them that are computed at once. This must outlive it.
  std::unique_ptr<RecordBatchReader> Rows(size_t fragment, size_t width) const;
  /// The file of one fragment.
  void Write(size_t fragment, ColumnMerge* merge, size_t width = SIZE_MAX) const;
  /// Those of all.
  void WriteAll(ColumnMerge* merge) const;

 private:
  const std::shared_ptr<const query::TableReader> table_;
  const query::ComputedColumns computed_;
  const query::ReadPlanPtr plan_;
};

}  // namespace eider::mutate
