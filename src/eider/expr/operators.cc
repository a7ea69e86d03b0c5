#include "eider/expr/operators.h"

#include <algorithm>

#include "eider/array/concat.h"
#include "eider/array/null_array.h"
#include "eider/expr/by_dictionary.h"
#include "eider/expr/cast.h"
#include "eider/expr/coerce.h"
#include "eider/expr/literal.h"
#include "eider/expr/logic.h"
#include "eider/expr/native.h"
#include "eider/expr/pattern.h"
#include "eider/expr/temporal.h"
#include "eider/expr/value_set.h"

namespace eider::expr {
namespace {

const TypePtr& BoolType() {
  static const TypePtr type = MakeType(TypeId::kBool);
  return type;
}

NodePtr MakeBoolCall(std::string name, Kernel kernel, std::vector<NodePtr> children) {
  return Fold(std::make_shared<CallNode>(std::move(name), BoolType(), std::move(kernel), std::move(children)));
}

/// A test that is null where its first child is. Of a dictionary column beside literals each value is looked at once.
NodePtr MakeTest(std::string name, Kernel kernel, std::vector<NodePtr> children) {
  const bool has_literals = std::all_of(children.begin() + 1, children.end(), [](const NodePtr& child) { return child->literal() != nullptr; });
  NodePtr dictionary = has_literals ? DictionaryOf(*children[0]) : nullptr;
  if (!dictionary) return MakeBoolCall(std::move(name), std::move(kernel), std::move(children));
  children[0] = std::move(dictionary);
  return MakeBoolCall(std::move(name), OncePerValue(std::move(kernel)), std::move(children));
}

/// `outcome` wherever the value is not null.
NodePtr Outcome(NodePtr value, bool outcome) {
  return MakeBoolCall("known", [outcome](const Call& call) {
    return MakeBools(call.rows, FilledBits(call.rows, outcome), IntersectValidity(call.arguments, call.rows));
  }, {std::move(value)});
}

/// value ? literal, where the literal lies between `floor` (a value of the type) and the next value.
NodePtr CompareBetween(Comparison comparison, NodePtr value, NodePtr floor) {
  switch (comparison) {
    case Comparison::kEqual: return Outcome(value, false);
    case Comparison::kNotEqual: return Outcome(value, true);
    case Comparison::kLess:
    case Comparison::kLessEqual: return MakeComparison(Comparison::kLessEqual, value, floor);
    default: return MakeComparison(Comparison::kGreater, value, floor);
  }
}

/// value ? literal, where the literal is above (or below) all values.
bool OutcomeBeyond(Comparison comparison, bool above) {
  if (comparison == Comparison::kEqual) return false;
  if (comparison == Comparison::kNotEqual) return true;
  return (comparison == Comparison::kLess || comparison == Comparison::kLessEqual) == above;
}

bool Fits(const TypePtr& literal, const TypePtr& column) {
  const TypeId a = literal->id, b = column->id;
  if (a == TypeId::kNull) return true;
  if (IsNumber(a)) return IsNumber(b);
  if (IsText(a)) return IsText(b) || IsDate(b) || IsTime(b) || b == TypeId::kTimestamp || b == TypeId::kDuration || IsDecimal(b);
  if (IsInterval(*literal)) return b == TypeId::kDuration;
  const auto instant = [](TypeId id) { return IsDate(id) || id == TypeId::kTimestamp; };
  return instant(a) && instant(b);
}

NodePtr CompareUnified(Comparison comparison, NodePtr left, NodePtr right) {
  const bool texts = (IsText(left->type()->id) && IsText(right->type()->id)) || (IsBytes(left->type()->id) && IsBytes(right->type()->id));
  std::vector<NodePtr> sides = {std::move(left), std::move(right)};
  if (!texts) sides = Unify(std::move(sides));
  if (sides[0]->type()->id == TypeId::kMap || IsInterval(*sides[0]->type())) throw Invalid("values of type {} are not compared", TypeToString(*sides[0]->type()));
  return MakeTest(std::string(ComparisonName(comparison)),
                  [comparison](const Call& call) { return CompareColumns(comparison, call.arguments[0], call.arguments[1], call.rows); }, std::move(sides));
}

/// What a comparison, an IN list and BETWEEN look at on the left: dictionaries and float16 are decoded, but literals meet the type that was.
struct Subject {
  NodePtr value;
  TypePtr declared;
};
Subject SubjectOf(const NodePtr& node) {
  const TypePtr declared = node->type()->id == TypeId::kDictionary ? node->type()->value_type : node->type();
  return {Plain(node), declared};
}

/// Single values and `plain` (or null) as one array of one type: texts may have come in several layouts.
ArrayPtr OneSet(std::vector<ArrayPtr> values, const ArrayPtr& plain, const TypePtr& column) {
  std::vector<NodePtr> literals;
  for (const ArrayPtr& value : values) literals.push_back(MakeLiteral(value->IsValid(0) ? value : MakeNullArray(plain ? plain->type : column, 1)));
  if (!plain) literals = Unify(std::move(literals));
  std::vector<ArrayPtr> arrays;
  if (plain) arrays.push_back(plain);
  for (const NodePtr& literal : literals) {
    const NodePtr same = plain ? CastTo(literal, plain->type) : literal;
    arrays.push_back(dynamic_cast<const LiteralNode&>(*same).value());
  }
  return arrays.size() == 1 ? arrays[0] : ConcatArrays(arrays);
}

char EscapeOf(std::string_view escape) {
  if (escape.empty()) return '\0';
  if (escape.size() != 1) throw Invalid("ESCAPE '{}': one character, of one byte", escape);
  return escape[0];
}

}  // namespace

NodePtr AsBoolean(NodePtr node) {
  if (node->type()->id == TypeId::kNull) return MakeNullLiteral(BoolType());
  const auto* call = dynamic_cast<const CallNode*>(node.get());
  if (call && call->name() == "regexp_match") return MakeBoolCall("IS NOT null", IsKernel(Truth::kNull, true), {std::move(node)});
  if (node->type()->id != TypeId::kBool) throw Invalid("expected a boolean, found {}", TypeToString(*node->type()));
  return node;
}

NodePtr MakeComparison(Comparison comparison, NodePtr left, NodePtr right) {
  if (left->literal() && !right->literal()) std::swap(left, right), comparison = Swapped(comparison);
  const auto* literal = dynamic_cast<const LiteralNode*>(right.get());
  if (!literal || left->literal()) return CompareUnified(comparison, Plain(left), Plain(right));
  const Subject subject = SubjectOf(left);
  if (!Fits(right->type(), subject.declared)) return CompareUnified(comparison, subject.value, right);
  const Fitted fitted = FitLiteral(*literal, subject.declared);
  switch (fitted.fit) {
    case Fit::kExact: return CompareUnified(comparison, subject.value, fitted.value);
    case Fit::kBetween: return CompareBetween(comparison, subject.value, fitted.value);
    default: return Outcome(subject.value, OutcomeBeyond(comparison, fitted.fit == Fit::kAbove));
  }
}

NodePtr MakeDistinct(NodePtr left, NodePtr right, bool negated) {
  if (left->literal() && !right->literal()) std::swap(left, right);
  const auto* literal = dynamic_cast<const LiteralNode*>(right.get());
  if (literal && !left->literal() && literal->value()->IsValid(0)) {  // the literal takes the column's type, as it does beside =
    const Subject subject = SubjectOf(left);
    if (Fits(right->type(), subject.declared)) {
      const Fitted fitted = FitLiteral(*literal, subject.declared);
      left = subject.value;
      if (fitted.fit != Fit::kExact) {
        return MakeBoolCall("IS DISTINCT FROM", [negated](const Call& call) { return MakeBools(call.rows, FilledBits(call.rows, !negated)); }, {std::move(left)});
      }
      right = fitted.value;
    }
  }
  const bool texts = IsText(left->type()->id) && IsText(right->type()->id);
  std::vector<NodePtr> sides = {Plain(left), Plain(right)};
  if (!texts) sides = Unify(std::move(sides));
  return MakeBoolCall(negated ? "IS NOT DISTINCT FROM" : "IS DISTINCT FROM", DistinctKernel(negated), std::move(sides));
}

NodePtr MakeJunction(bool is_and, std::vector<NodePtr> children) {
  for (NodePtr& child : children) child = AsBoolean(child);
  if (children.size() == 1) return children[0];
  return Fold(std::make_shared<JunctionNode>(is_and, std::move(children)));
}

NodePtr MakeNot(NodePtr operand) { return MakeBoolCall("NOT", NotKernel(), {AsBoolean(std::move(operand))}); }

NodePtr MakeIn(NodePtr value, const ArrayPtr& plain, std::vector<NodePtr> choices, bool negated) {
  const Subject subject = SubjectOf(value);
  std::vector<ArrayPtr> set;
  std::vector<NodePtr> tests;
  for (NodePtr& choice : choices) {
    const auto* literal = dynamic_cast<const LiteralNode*>(choice.get());
    if (!literal || value->literal() || !Fits(choice->type(), subject.declared) || !HasValueSet(*subject.value->type())) {
      tests.push_back(MakeComparison(Comparison::kEqual, value, choice));
      continue;
    }
    const Fitted fitted = FitLiteral(*literal, subject.declared);
    if (fitted.fit == Fit::kExact) set.push_back(Retype(dynamic_cast<const LiteralNode&>(*fitted.value).value(), fitted.value->type()));
  }
  if (set.empty() && !plain && tests.empty()) return Outcome(subject.value, negated);
  if (!set.empty() || plain) {
    const ArrayPtr all = OneSet(std::move(set), plain, subject.value->type());
    const bool not_in = negated && tests.empty();
    std::vector<NodePtr> children = {subject.value};
    if (!not_in) children.push_back(MakeLiteral(all));  // for AsColumnTest(): the kernel has its set
    NodePtr node = MakeTest(not_in ? "NOT IN" : "IN", InKernel(all, not_in), std::move(children));
    if (tests.empty()) return node;
    tests.push_back(std::move(node));
  }
  NodePtr any = MakeJunction(false, std::move(tests));
  return negated ? MakeNot(std::move(any)) : any;
}

NodePtr MakeBetween(NodePtr value, NodePtr low, NodePtr high, bool negated) {
  NodePtr inside = MakeJunction(true, {MakeComparison(Comparison::kGreaterEqual, value, std::move(low)), MakeComparison(Comparison::kLessEqual, value, std::move(high))});
  return negated ? MakeNot(std::move(inside)) : inside;
}

NodePtr MakeLike(std::string_view how, NodePtr value, NodePtr pattern, std::string_view escape, bool negated) {
  value = Plain(std::move(value)), pattern = Plain(std::move(pattern));
  for (const NodePtr* side : {&value, &pattern}) {
    if (!IsText((*side)->type()->id) && (*side)->type()->id != TypeId::kNull) throw Invalid("{} is for text, not {}", how, TypeToString(*(*side)->type()));
    if ((*side)->type()->id == TypeId::kNull) return MakeNullLiteral(BoolType());
  }
  std::string name = std::string(negated ? "NOT " : "") + std::string(how);
  const bool ignore_case = how == "ilike" || how == "iregexp";
  if (how == "like" && escape != "\\") name += " escape";  // AsColumnTest() reads patterns with the usual escape only
  Kernel kernel = how == "similar" ? SimilarKernel(negated, EscapeOf(escape)) : how.ends_with("regexp") ? RegexpKernel(ignore_case, negated) : LikeKernel(ignore_case, negated, EscapeOf(escape));
  return MakeTest(name, std::move(kernel), {std::move(value), std::move(pattern)});
}

}  // namespace eider::expr
