#pragma once
/// \file
/// A condition on a row of a merge's source and the row of its table that matches it: SQL over `source.x` and `target.x`. Thread-safe.

#include <memory>
#include <string>
#include <vector>

#include "eider/expr/portions.h"
#include "eider/mutate/join_keys.h"
#include "eider/query/bound_expression.h"

namespace eider::mutate {

class MergeCondition {
 public:
  /// \throws Error(kInvalid) for text that is no condition, or names columns that are not there
  MergeCondition(const SqlExpression& sql, const Schema& source, const Schema& target);

  /// Paths of the columns that it wants of each side.
  const std::vector<std::string>& source_columns() const { return paths_[0]; }
  const std::vector<std::string>& target_columns() const { return paths_[1]; }
  /// The pairs for which it is true. `source`, `target`: those columns.
  std::vector<MatchedRow> Filter(const std::vector<MatchedRow>& pairs, const std::vector<ArrayPtr>& source,
                                 const std::vector<ArrayPtr>& target) const;

 private:
  /// The same of few pairs: of each both rows are copied.
  void FilterPart(std::span<const MatchedRow> pairs, const std::vector<ArrayPtr>& source, const std::vector<ArrayPtr>& target,
                  std::vector<MatchedRow>* out) const;

  struct Operand {
    bool is_target;
    size_t column;  ///< of its side
  };
  /// Of pairs that are judged at once, and of the texts that this makes.
  static constexpr uint64_t kMostBytes = 4 << 20;

  std::shared_ptr<const expr::Expression> condition_;
  const expr::Portions portions_{kMostBytes};
  std::vector<Operand> operands_;
  std::vector<std::string> paths_[2];
};

}  // namespace eider::mutate
