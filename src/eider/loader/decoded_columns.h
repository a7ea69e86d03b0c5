#pragma once
/// \file
/// Narrow columns decoded once for a shuffled epoch. A batch of rows from all over a file touches nearly every chunk of a narrow
/// column for a value or two; when the decoded columns fit in the memory budget, picking values out of them is many times
/// cheaper. Wide columns (vectors, images, text) gain nothing and are read from the file.

#include <eider/dataset.h>

#include <memory>
#include <vector>

#include "eider/base/memory_budget.h"

namespace eider::loader {

class DecodedColumns {
 public:
  /// Decodes the columns of `schema` (what `columns` selects) that are primitives. Null when there are none, or when they would
  /// take more than a quarter of the session's memory, or more than is left of it.
  static std::shared_ptr<const DecodedColumns> TryDecode(const Dataset& dataset, const Schema& schema,
                                                         const std::optional<std::vector<std::string>>& columns,
                                                         std::shared_ptr<Session> session, ScanStats& stats);

  /// All columns of the schema for `positions`; the others are taken from the dataset. `options.columns` is not used.
  RecordBatch Take(const Dataset& dataset, const SchemaPtr& schema, std::span<const uint64_t> positions, ScanOptions options) const;

 private:
  std::shared_ptr<Session> session_;  // outlives the charge
  BudgetCharge charge_;
  std::vector<ArrayPtr> arrays_;      ///< by column of the schema; null: not decoded
  std::vector<std::string> others_;
};

}  // namespace eider::loader
