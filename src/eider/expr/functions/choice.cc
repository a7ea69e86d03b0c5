/// Choices between values: coalesce and its relatives.

#include "eider/expr/cast.h"
#include "eider/expr/choose.h"
#include "eider/expr/coerce.h"
#include "eider/expr/functions/function.h"
#include "eider/expr/logic.h"
#include "eider/expr/operators.h"

namespace eider::expr {
namespace {

NodePtr Coalesce(std::vector<NodePtr> arguments) {
  return Fold(std::make_shared<CoalesceNode>(Unify(std::move(arguments))));
}

NodePtr IsNotNull(NodePtr value) {
  return Fold(std::make_shared<CallNode>("IS NOT null", MakeType(TypeId::kBool), IsKernel(Truth::kNull, true), std::vector<NodePtr>{std::move(value)}));
}

NodePtr Nvl2(std::vector<NodePtr> arguments) {
  NodePtr known = IsNotNull(arguments[0]);
  return Fold(std::make_shared<CaseNode>(std::vector<NodePtr>{std::move(known)}, Unify({arguments[1], arguments[2]})));
}

/// The first, of the type that both have in common, as the reference shows it.
NodePtr NullIf(std::vector<NodePtr> arguments) {
  NodePtr equal = MakeComparison(Comparison::kEqual, arguments[0], arguments[1]);
  const TypePtr common = CommonType(arguments[0]->type(), arguments[1]->type()), type = common ? common : arguments[0]->type();
  return Fold(std::make_shared<CaseNode>(std::vector<NodePtr>{std::move(equal)}, std::vector<NodePtr>{MakeNullLiteral(type), CastTo(arguments[0], type)}));
}

/// The greatest (sign 1) or least (-1) value that is not null.
template <int sign>
NodePtr ExtremeArgument(std::vector<NodePtr> arguments) {
  arguments = Unify(std::move(arguments));
  const TypePtr type = arguments[0]->type();
  const Kernel kernel = [](const Call& call) {
    std::vector<int32_t> which(size_t(call.rows), -1);
    for (int64_t row = 0; row < call.rows; ++row) {
      int32_t& best = which[size_t(row)];
      for (int32_t i = 0; i < int32_t(call.arguments.size()); ++i) {
        const Column& column = call.arguments[size_t(i)];
        if (!column.IsValid(row)) continue;
        if (best >= 0) {
          const Column& other = call.arguments[size_t(best)];
          if (sign * CompareValues(*column.array, column.At(row), *other.array, other.At(row)) <= 0) continue;
        }
        best = i;
      }
    }
    return ChooseRows(call.type, call.arguments, which);
  };
  return Fold(std::make_shared<CallNode>(sign > 0 ? "greatest" : "least", type, kernel, std::move(arguments)));
}

}  // namespace

FunctionTable ChoiceFunctions() {
  return {
      {"coalesce", "any, ... -> same", nullptr, Coalesce},
      {"ifnull|nvl", "any, any -> same", nullptr, Coalesce},
      {"nvl2", "any, any, any -> any", nullptr, Nvl2},
      {"nullif", "any, any -> same", nullptr, NullIf},
      {"greatest", "any, ... -> same", nullptr, ExtremeArgument<1>},
      {"least", "any, ... -> same", nullptr, ExtremeArgument<-1>},
      {"is_valid", "any -> bool", nullptr, [](std::vector<NodePtr> arguments) { return IsNotNull(arguments[0]); }},
  };
}

}  // namespace eider::expr
