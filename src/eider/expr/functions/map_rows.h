#pragma once
/// \file
/// From a function of values to a kernel.

#include <eider/interrupt.h>

#include <tuple>

#include "eider/expr/node.h"

namespace eider::expr {

template <typename R>
struct ResultOf { using Stored = R; };
template <>
struct ResultOf<std::string> { using Stored = std::string_view; };
template <typename R>
struct ResultOf<std::optional<R>> { using Stored = typename ResultOf<R>::Stored; };

template <typename Stored, typename R>
void AppendResult(Builder<Stored>& out, const R& result) { out.Append(result); }
template <typename Stored, typename R>
void AppendResult(Builder<Stored>& out, const std::optional<R>& result) {
  if (result) out.Append(*result);
  else out.AppendNull();
}

/// function(values...) of each row; null where an argument is, or where it gives nullopt. Arguments are int64_t, int32_t, double, bool,
/// std::string_view (text and binary) or Items (lists), as the signature says; results those or std::string, or an optional of them.
template <typename R, typename... A>
Kernel MapRows(R (*function)(A...)) {
  return [function](const Call& call) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      const std::tuple<Reader<A>...> readers(Reader<A>(call.arguments[I])...);
      Builder<typename ResultOf<R>::Stored> out(call.rows);
      for (int64_t row = 0; row < call.rows; ++row) {
        if (row % 1024 == 0) CheckInterrupt();
        if (!(call.arguments[I].IsValid(row) && ...) || !IsLive(call.live, row)) out.AppendNull();
        else AppendResult(out, function(std::get<I>(readers)[row]...));
      }
      return out.Finish(call.type);
    }(std::index_sequence_for<A...>());
  };
}
/// The same from a lambda that captures nothing.
template <typename F>
Kernel Map(F function) { return MapRows(+function); }

}  // namespace eider::expr
