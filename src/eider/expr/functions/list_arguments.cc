#include "eider/expr/functions/list_arguments.h"

#include "eider/expr/cast.h"
#include "eider/expr/coerce.h"
#include "eider/expr/compare.h"
#include "eider/expr/literal.h"
#include "eider/expr/native.h"

namespace eider::expr {

TypePtr RequireList(const NodePtr& node) {
  if (!IsList(node->type()->id)) throw Invalid("{} is no list", TypeToString(*node->type()));
  return node->type();
}

namespace {

TypePtr ListOf(const TypePtr& item) { return ListType({"item", item, true, {}}); }

/// Makes literals of numbers take the item type where they have a value in it.
void FitLiterals(std::vector<NodePtr>& arguments, std::initializer_list<size_t> values, const TypePtr& item) {
  for (const size_t i : values) {
    const auto* literal = dynamic_cast<const LiteralNode*>(arguments[i].get());
    if (!literal || !IsNumber(literal->type()->id) || !IsNumber(item->id)) continue;
    const Fitted fitted = FitLiteral(*literal, item);
    if (fitted.fit == Fit::kExact) arguments[i] = fitted.value;
  }
}

}  // namespace

void UnifyItems(std::vector<NodePtr>& arguments, std::initializer_list<size_t> lists, std::initializer_list<size_t> values) {
  TypePtr item = MakeType(TypeId::kNull);
  const auto widen = [&](const TypePtr& type) {
    const TypePtr wider = CommonType(item, type);
    if (!wider) throw Invalid("items of {} and {} have no common type", TypeToString(*item), TypeToString(*type));
    item = wider;
  };
  for (const size_t i : lists) {
    if (arguments[i]->type()->id != TypeId::kNull) widen(RequireList(arguments[i])->children[0].type);
  }
  FitLiterals(arguments, values, item);
  for (const size_t i : values) widen(arguments[i]->type());
  for (const size_t i : lists) arguments[i] = CastTo(arguments[i], ListOf(item));
  for (const size_t i : values) arguments[i] = CastTo(arguments[i], item);
}

bool SameItem(const Array& items, int64_t i, const Column& wanted, int64_t row) {
  const bool a = items.IsValid(i), b = wanted.IsValid(row);
  return a == b && (!a || CompareValues(items, i, *wanted.array, wanted.At(row)) == 0);
}

NodePtr MakeListCall(std::string name, TypePtr type, Kernel kernel, std::vector<NodePtr> arguments) {
  return Fold(std::make_shared<CallNode>(std::move(name), std::move(type), std::move(kernel), std::move(arguments)));
}

}  // namespace eider::expr
