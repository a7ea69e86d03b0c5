#pragma once
/// \file
/// An expression over the columns of a table, and how the columns that it wants are read and found. Thread-safe.

#include <eider/scan_options.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "eider/expr/expression.h"
#include "eider/query/read_plan.h"

namespace eider::query {

/// The columns of a table as expressions see them: every field, and the system columns.
Schema ExpressionSchema(const Schema& table);

/// \throws Error(kInvalid) naming the place in the text
std::shared_ptr<const expr::Expression> ParseExpression(const SqlExpression& sql, const Schema& table);
/// The same, of what must be a condition.
std::shared_ptr<const expr::Expression> ParseCondition(const SqlExpression& sql, const Schema& table);

/// Where columns lie, given by path, in batches of one schema.
class ColumnPlaces {
 public:
  ColumnPlaces() = default;
  /// \throws Error(kNotFound)
  ColumnPlaces(std::span<const std::string> columns, const Schema& batches);
  std::vector<ArrayPtr> Find(std::span<const ArrayPtr> columns) const;

 private:
  std::vector<std::vector<size_t>> paths_;  ///< child positions, from the top
};

}  // namespace eider::query
