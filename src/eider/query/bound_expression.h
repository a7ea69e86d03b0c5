#pragma once
/// \file
/// An expression over the columns of a table, and how the columns that it wants are read and found. Thread-safe.

#include <eider/scan_options.h>

#include <memory>
#include <vector>

#include "eider/expr/expression.h"
#include "eider/query/read_plan.h"

namespace eider::query {

/// The columns of a table as expressions see them: every field, and the system columns.
Schema ExpressionSchema(const Schema& table);

/// \throws Error(kInvalid) naming the place in the text
std::shared_ptr<const expr::Expression> ParseExpression(const SqlExpression& sql, const Schema& table);

/// Where the columns that an expression wants lie in batches of one schema.
class ColumnPlaces {
 public:
  ColumnPlaces() = default;
  /// \pre `batches` has them all
  ColumnPlaces(const expr::Expression& expression, const Schema& batches);
  std::vector<ArrayPtr> Find(std::span<const ArrayPtr> columns) const;

 private:
  std::vector<std::vector<size_t>> paths_;  ///< child positions, from the top
};

}  // namespace eider::query
