#include "eider/reduce/aggregate_call.h"

#include <algorithm>

#include "eider/expr/column.h"
#include "eider/query/bound_expression.h"

namespace eider::reduce {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::pair<std::string_view, AggregateKind> kNames[] = {{"count", AggregateKind::kCount}, {"min", AggregateKind::kMin},   {"max", AggregateKind::kMax},
                                                                 {"sum", AggregateKind::kSum},     {"mean", AggregateKind::kMean}, {"avg", AggregateKind::kMean}};

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

AggregateKind KindOf(std::string_view name, const std::string& text) {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const auto& [known, kind] : kNames) {
    if (lower == known) return kind;
  }
  throw Invalid("aggregate: '{}' is none of count(*), count(x), min(x), max(x), sum(x), mean(x)", text);
}

void CheckType(AggregateKind kind, const DataType& type, const std::string& text) {
  const bool orders = kind == AggregateKind::kMin || kind == AggregateKind::kMax, sums = kind == AggregateKind::kSum || kind == AggregateKind::kMean;
  if (orders && !HasOrder(type)) throw Invalid("aggregate: '{}': values of {} have no order", text, TypeToString(type));
  const bool no_mean = kind == AggregateKind::kMean && type.id == TypeId::kDuration;
  if (sums && (!HasSum(type) || no_mean)) throw Invalid("aggregate: '{}': values of {} have no {}", text, TypeToString(type), no_mean ? "mean" : "sum");
}

}  // namespace

AggregateCall ParseAggregate(const SqlExpression& call, const Schema& table) {
  const std::string& text = call.text;
  const size_t open = text.find('('), close = text.find_last_not_of(kBlanks);
  if (open == std::string::npos || text[close] != ')' || close <= open) KindOf("", text);
  AggregateCall out{.kind = KindOf(Trim(std::string_view(text).substr(0, open)), text)};
  out.argument_text = Trim(std::string_view(text).substr(open + 1, close - open - 1));
  if (out.kind == AggregateKind::kCount && out.argument_text == "*") {
    out.kind = AggregateKind::kCountRows;
    return out;
  }
  SqlExpression argument = call;
  // Blanks instead of the name, so that errors name the right place.
  argument.text = std::string(open + 1, ' ') + text.substr(open + 1, close - open - 1);
  out.argument = query::ParseOperand(argument, table);
  CheckType(out.kind, *out.argument->type(), text);
  return out;
}

Wanted AggregateCall::wanted() const {
  return {.min = kind == AggregateKind::kMin, .max = kind == AggregateKind::kMax, .sum = kind == AggregateKind::kSum || kind == AggregateKind::kMean};
}

ArrayPtr AggregateCall::Answer(uint64_t num_rows, const Fold* fold) const {
  switch (kind) {
    case AggregateKind::kCountRows: return expr::One(MakeType(TypeId::kInt64), static_cast<int64_t>(num_rows));
    case AggregateKind::kCount: return expr::One(MakeType(TypeId::kInt64), static_cast<int64_t>(fold->num_values()));
    case AggregateKind::kMin: return fold->Min();
    case AggregateKind::kMax: return fold->Max();
    case AggregateKind::kSum: return fold->Sum();
    case AggregateKind::kMean: break;
  }
  return fold->Mean();
}

}  // namespace eider::reduce
