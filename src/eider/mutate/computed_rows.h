#pragma once
/// \file
/// Values of expressions for the rows of each fragment, computed and written side by side.

#include <eider/scan_options.h>

#include <functional>

#include "eider/mutate/column_merge.h"
#include "eider/query/computed_columns.h"

namespace eider::mutate {

/// What becomes of computed batches before they are written. Called from several threads.
using BatchMap = std::function<RecordBatch(const RecordBatch&)>;

class ComputedFragments {
 public:
  /// \throws Error(kInvalid) when an expression does not parse
  ComputedFragments(const table::Snapshot& read, const std::vector<ComputedColumn>& columns, std::shared_ptr<Session> session);

  const SchemaPtr& schema() const { return computed_.schema(); }
  bool are_null() const { return computed_.are_null(); }
  /// The file of one fragment.
  void Write(size_t fragment, ColumnMerge* merge, const BatchMap& map = {}, size_t width = SIZE_MAX) const;
  /// Those of all.
  void WriteAll(ColumnMerge* merge, const BatchMap& map = {}) const;

 private:
  const std::shared_ptr<const query::TableReader> table_;
  const query::ComputedColumns computed_;
  const query::ReadPlanPtr plan_;
};

}  // namespace eider::mutate
