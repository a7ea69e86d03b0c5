#pragma once
/// \file
/// The loop of a cast: values that convert, and what to do with those that do not.

#include "eider/expr/node.h"

namespace eider::expr {

/// convert(from, &to) says whether there is a value; show(from) prints one that has none.
template <typename From, typename To, typename Convert, typename Show>
ArrayPtr ConvertRows(const Call& call, bool lenient, Convert&& convert, Show&& show) {
  const Column& column = call.arguments[0];
  const Reader<From> values(column);
  Builder<To> out(call.rows);
  To to{};
  for (int64_t row = 0; row < call.rows; ++row) {
    if (!column.IsValid(row)) {
      out.AppendNull();
    } else if (const From from = values[row]; convert(from, &to)) {
      out.Append(to);
    } else if (lenient || !IsLive(call.live, row)) {
      out.AppendNull();
    } else {
      throw Invalid("{} has no value as {}", show(from), TypeToString(*call.type));
    }
  }
  return out.Finish(call.type);
}

}  // namespace eider::expr
