#pragma once
/// \file
/// `max(x * 2)`: which aggregate, of what.

#include <eider/aggregate.h>

#include <memory>
#include <optional>

#include "eider/expr/expression.h"
#include "eider/reduce/fold.h"

namespace eider::reduce {

enum class AggregateKind : uint8_t { kCountRows, kCount, kMin, kMax, kSum, kMean };

struct AggregateCall {
  AggregateKind kind = AggregateKind::kCountRows;
  std::string argument_text;                             ///< without blanks around it
  std::shared_ptr<const expr::Expression> argument = {}; ///< null for count(*)

  Wanted wanted() const;
  /// The answer as an array of one value. `fold` is null for count(*).
  ArrayPtr Answer(uint64_t num_rows, const Fold* fold) const;
};

/// Over the columns of `table`. \throws Error(kInvalid) with what was expected, or when the type of the argument has no such aggregate
AggregateCall ParseAggregate(const SqlExpression& call, const Schema& table);

}  // namespace eider::reduce
