#include "eider/expr/arithmetic.h"

#include <algorithm>

#include "eider/array/null_array.h"
#include "eider/expr/arithmetic_kernels.h"
#include "eider/expr/cast.h"
#include "eider/expr/coerce.h"
#include "eider/expr/list_kernels.h"
#include "eider/expr/literal.h"
#include "eider/expr/native.h"
#include "eider/expr/temporal.h"
#include "eider/expr/wide_integer.h"

namespace eider::expr {
namespace {

/// How an operator meets two types.
struct Meeting {
  TypePtr left, right;  ///< what the sides become
  TypePtr result, shown;
  Kernel kernel;
};

[[noreturn]] void Refuse(std::string_view symbol, const DataType& left, const DataType& right) {
  throw Invalid("there is no {} {} {}", TypeToString(left), symbol, TypeToString(right));
}

TypePtr Decimal(int precision, int scale) { return DecimalType(TypeId::kDecimal128, std::min(precision, 38), scale); }

TypePtr WideDecimal(int precision, int scale) { return DecimalType(TypeId::kDecimal256, std::min(precision, kWideDigits), scale); }

/// \pre one side at least has more than 38 digits
Meeting MeetWideDecimals(char symbol, const TypePtr& a, const TypePtr& b) {
  if (symbol == '*') {
    const TypePtr result = WideDecimal(a->precision + b->precision + 1, a->scale + b->scale);
    if (result->scale > kWideDigits) Refuse("*", *a, *b);
    return {WideDecimal(kWideDigits, a->scale), WideDecimal(kWideDigits, b->scale), result, result, NumberOperator('*', result)};
  }
  const TypePtr side = WideDecimal(kWideDigits, std::max(a->scale, b->scale));
  const TypePtr result = WideDecimal(std::max(a->precision - a->scale, b->precision - b->scale) + side->scale + 1, side->scale);
  return {side, side, result, result, NumberOperator(symbol, result)};
}

/// A decimal that stands for the values of a number; of more than 38 digits where it may have them and `wide`.
TypePtr DecimalOperand(const TypePtr& type, bool wide) {
  if (type->id == TypeId::kDecimal128 || (wide && type->id == TypeId::kDecimal256)) return type;
  return type->id == TypeId::kDecimal256 ? Decimal(38, type->scale) : CommonType(type, Decimal(1, 0));
}

Meeting MeetDecimals(char symbol, const TypePtr& left, const TypePtr& right) {
  const bool wide = symbol == '+' || symbol == '-' || symbol == '*';
  const TypePtr a = DecimalOperand(left, wide), b = DecimalOperand(right, wide);
  if (a->id == TypeId::kDecimal256 || b->id == TypeId::kDecimal256) return MeetWideDecimals(symbol, a, b);
  const int scale = std::max(a->scale, b->scale), whole = std::max(a->precision - a->scale, b->precision - b->scale);
  if (symbol == '*') {
    const TypePtr result = Decimal(a->precision + b->precision + 1, a->scale + b->scale);
    if (result->scale > 38) Refuse("*", *left, *right);
    return {a, b, result, result, NumberOperator('*', result)};
  }
  if (symbol == '/') {
    const int result_scale = std::min(38, a->scale + 4), shift = result_scale - a->scale + b->scale;
    const TypePtr result = Decimal(a->precision - a->scale + b->scale + result_scale, result_scale);
    if (shift > 38) Refuse("/", *left, *right);
    return {a, b, result, result, DecimalDivision(std::max(shift, 0))};
  }
  const TypePtr result = Decimal(whole + scale + (symbol == '%' ? 0 : 1), scale);
  return {Decimal(38, scale), Decimal(38, scale), result, result, NumberOperator(symbol, result)};
}

Meeting MeetNumbers(char symbol, const TypePtr& left, const TypePtr& right, const TypePtr& left_shown, const TypePtr& right_shown) {
  const TypeId a = left->id, b = right->id;
  if (IsFloat(a) || IsFloat(b)) {
    const TypePtr type = MakeType(a == TypeId::kDouble || b == TypeId::kDouble || IsDecimal(a) || IsDecimal(b) ? TypeId::kDouble : TypeId::kFloat);
    return {type, type, type, type, NumberOperator(symbol, type)};
  }
  const TypePtr shown = CommonType(left_shown, right_shown);
  if (IsWhole(shown->id)) {  // not uint64 beside signed ones: these are decimals
    const bool wide = a == TypeId::kUInt64 || b == TypeId::kUInt64 || IsDecimal(a) || IsDecimal(b);
    const TypePtr type = wide ? Decimal(38, 0) : MakeType(TypeId::kInt64);
    return {type, type, type, shown, NumberOperator(symbol, type)};
  }
  return MeetDecimals(symbol, left, right);
}

bool IsInstant(const TypePtr& type) { return IsDate(type->id) || type->id == TypeId::kTimestamp; }

/// Times of the calendar; the literal says whether an interval has hours.
std::optional<Meeting> MeetTimes(char symbol, const NodePtr& left, const NodePtr& right) {
  const TypePtr &a = left->type(), &b = right->type();
  const int sign = symbol == '-' ? -1 : 1;
  if (IsInstant(a) && IsInterval(*b)) {
    const bool hours = IsDate(a->id) && (!right->literal() || !right->literal()->IsValid(0) || ReadInterval({ArrayPtr(ArrayPtr(), right->literal()), true}, 0).nanos != 0);
    const TypePtr type = hours ? TimestampType(TimeUnit::kMicro) : a->id == TypeId::kDate64 ? MakeType(TypeId::kDate32) : a;
    return Meeting{type, b, type, type, IntervalOperator(sign)};
  }
  if (IsInstant(a) && b->id == TypeId::kDuration) {
    const TypePtr stored = MakeType(TypeId::kInt64), type = TimestampType(IsDate(a->id) ? b->unit : std::max(a->unit, b->unit), a->timezone);
    return Meeting{type, TimeType(TypeId::kDuration, type->unit), type, type, NumberOperator(symbol, stored)};
  }
  if (a->id == TypeId::kDuration && b->id == TypeId::kDuration) {
    const TypePtr type = CommonType(a, b);
    return Meeting{type, type, type, type, NumberOperator(symbol, MakeType(TypeId::kInt64))};
  }
  if (symbol != '-') return std::nullopt;
  if (IsDate(a->id) && IsDate(b->id)) {
    const TypePtr days = MakeType(TypeId::kInt64);
    return Meeting{MakeType(TypeId::kDate32), MakeType(TypeId::kDate32), days, days, [](const Call& call) {
                     std::vector<Column> sides;
                     const Kernel widen = CastKernel(MakeType(TypeId::kInt32), call.type, false);
                     for (const Column& side : call.arguments) {
                       const Column days{Retype(side.array, MakeType(TypeId::kInt32)), side.constant};
                       sides.push_back({widen(Call{{&days, 1}, side.constant ? 1 : call.rows, nullptr, call.type}), side.constant});
                     }
                     return NumberOperator('-', call.type)(Call{sides, call.rows, call.live, call.type});
                   }};
  }
  if (IsInstant(a) && IsInstant(b)) {
    const TypePtr common = CommonType(a, b), type = TimeType(TypeId::kDuration, common->unit);
    return Meeting{common, common, type, type, NumberOperator('-', MakeType(TypeId::kInt64))};
  }
  return std::nullopt;
}

Meeting MeetConcat(const TypePtr& a, const TypePtr& b) {
  if (IsList(a->id) || IsList(b->id)) {
    const TypePtr type = CommonType(IsList(a->id) ? a : ListType({"item", a, true, {}}), IsList(b->id) ? b : ListType({"item", b, true, {}}));
    if (!type || !IsList(a->id) || !IsList(b->id)) Refuse("||", *a, *b);
    return {type, type, type, type, ListConcatKernel()};
  }
  if (IsBytes(a->id) && IsBytes(b->id)) {
    const TypePtr type = MakeType(TypeId::kBinary);
    return {a, b, type, type, ConcatOperator()};
  }
  if ((!IsText(a->id) && !IsText(b->id)) || IsBytes(a->id) || IsBytes(b->id)) Refuse("||", *a, *b);
  const TypePtr type = MakeType(a->id == TypeId::kLargeUtf8 || b->id == TypeId::kLargeUtf8 ? TypeId::kLargeUtf8 : TypeId::kUtf8);
  const auto text = [](const TypePtr& side) { return IsText(side->id) ? side : MakeType(TypeId::kUtf8); };
  return {text(a), text(b), type, type, ConcatOperator()};
}

Meeting Meet(std::string_view symbol, const NodePtr& left, const NodePtr& right) {
  const TypePtr &a = left->type(), &b = right->type();
  if (symbol == "||") return MeetConcat(a, b);
  const bool bits = symbol == "&" || symbol == "|" || symbol == "^" || symbol == "<<" || symbol == ">>";
  const auto whole_or_null = [](const TypePtr& type) { return IsWhole(type->id) || type->id == TypeId::kNull; };
  if (bits && whole_or_null(a) && whole_or_null(b)) {
    const TypePtr shown = CommonType(left->shown_type(), right->shown_type());
    const TypePtr type = MakeType(shown->id == TypeId::kUInt64 ? TypeId::kUInt64 : TypeId::kInt64);  // not beside signed ones
    return {type, type, type, shown->id == TypeId::kNull ? type : shown, BitOperator(symbol[0], type)};
  }
  if (bits) Refuse(symbol, *a, *b);
  if (IsNumber(a->id) && IsNumber(b->id)) return MeetNumbers(symbol[0], a, b, left->shown_type(), right->shown_type());
  if ((IsNumber(a->id) || a->id == TypeId::kNull) && (IsNumber(b->id) || b->id == TypeId::kNull)) {
    const TypePtr type = MakeType(a->id == TypeId::kDouble || b->id == TypeId::kDouble ? TypeId::kDouble : TypeId::kInt64);
    if (IsDecimal(a->id) || IsDecimal(b->id)) return MeetDecimals(symbol[0], IsDecimal(a->id) ? a : b, IsDecimal(a->id) ? a : b);
    return {type, type, type, type, NumberOperator(symbol[0], type)};
  }
  const TypePtr count = MakeType(TypeId::kInt64);
  if ((symbol == "*" || symbol == "/") && a->id == TypeId::kDuration && IsWhole(b->id)) return {a, count, a, a, NumberOperator(symbol[0], count)};
  if (symbol == "*" && IsWhole(a->id) && b->id == TypeId::kDuration) return {count, b, b, b, NumberOperator('*', count)};
  if (symbol == "+" || symbol == "-") {
    if (std::optional<Meeting> times = MeetTimes(symbol[0], left, right)) return std::move(*times);
  }
  Refuse(symbol, *a, *b);
}

/// As a duration of the finest unit. \pre it has no months
NodePtr CastInterval(const LiteralNode& literal) {
  const TypePtr type = TimeType(TypeId::kDuration, TimeUnit::kNano);
  const Fitted fitted = FitLiteral(literal, type);
  if (!fitted.value) throw Invalid("the interval has no place in {}", TypeToString(*type));
  return fitted.value;
}

/// A number beside a decimal is a decimal with the digits that were written; an interval beside a duration is a duration; a literal beside a column does not widen what is shown.
NodePtr FitOperand(const NodePtr& node, const NodePtr& other) {
  const auto* literal = dynamic_cast<const LiteralNode*>(node.get());
  if (literal && IsInterval(*node->type()) && other->type()->id == TypeId::kDuration && literal->value()->IsValid(0)) {
    const Fitted fitted = FitLiteral(*literal, other->type());
    return fitted.fit == Fit::kExact ? fitted.value : CastInterval(*literal);
  }
  if (!literal || other->literal() || !literal->value()->IsValid(0) || !IsNumber(node->type()->id)) return node;
  if (IsDecimal(other->type()->id) && !IsWhole(other->shown_type()->id) && !literal->text().empty()) {
    const std::optional<ExactNumber> exact = ParseExact(literal->text());
    const int scale = exact ? int(std::clamp<int64_t>(-exact->exponent, 0, 38)) : 0;
    Int128 value = 0;
    if (exact && FloorTo(*exact, scale, &value) == Fit::kExact) {
      return MakeLiteral(One(Decimal(std::max<int>(int(exact->digits.size()), scale), scale), value));
    }
  }
  const TypePtr& shown = other->shown_type();
  if (!IsWhole(shown->id) && shown->id != TypeId::kFloat) return node;
  if (IsWhole(shown->id) && !IsWhole(node->type()->id)) return node;
  const Fitted fitted = FitLiteral(*literal, shown);
  return fitted.fit == Fit::kExact ? fitted.value : node;
}

/// Stands for everything left of an operator while types are decided.
class LeftSide final : public Node {
 public:
  LeftSide(TypePtr type, TypePtr shown) : Node(std::move(type)), shown_(std::move(shown)) {}
  const TypePtr& shown_type() const override { return shown_; }

 private:
  Column Run(const Rows& rows, Live) const override { return {MakeNullArray(type(), rows.count), false}; }

  TypePtr shown_;
};

}  // namespace

Column ChainNode::Run(const Rows& rows, Live live) const {
  Column left = first_->Evaluate(rows, live);
  for (const Step& step : steps_) {
    const Column right = step.right->Evaluate(rows, live);
    const bool constant = left.constant && right.constant;
    if (constant && rows.count == 0) return {MakeNullArray(type(), 1), true};
    left = InContext([&] { return step.name; }, [&] {
      const Live which = constant ? nullptr : live;
      if (step.cast) left.array = step.cast(Call{{&left, 1}, left.constant ? 1 : rows.count, left.constant ? nullptr : live, step.left_type});
      const Column sides[] = {left, right};
      return Column{step.kernel(Call{sides, constant ? 1 : rows.count, which, step.type}), constant};
    });
  }
  return left;
}

/// a || b || c of texts (or of bytes) in one go; nullptr for other chains.
NodePtr MakeConcat(std::vector<NodePtr> operands, const std::vector<std::string>& operators) {
  const auto is_list = [](const NodePtr& node) { return IsList(node->type()->id); };
  if (std::ranges::any_of(operators, [](const std::string& each) { return each != "||"; }) || std::ranges::any_of(operands, is_list)) return nullptr;
  TypePtr type = operands[0]->type();
  for (size_t i = 1; i < operands.size(); ++i) {
    const Meeting meeting = MeetConcat(type, operands[i]->type());
    if (i == 1) operands[0] = CastTo(operands[0], meeting.left);
    operands[i] = CastTo(operands[i], meeting.right);
    type = meeting.result;
  }
  return Fold(std::make_shared<CallNode>("||", type, ConcatOperator(), std::move(operands)));
}

NodePtr MakeArithmetic(std::vector<NodePtr> operands, const std::vector<std::string>& operators) {
  for (NodePtr& operand : operands) operand = Plain(operand);
  const TypePtr &front = operands[0]->type(), &second = operands[1]->type();
  if (operators[0] == "+" && IsInstant(second) && (IsInterval(*front) || front->id == TypeId::kDuration)) std::swap(operands[0], operands[1]);
  if (operators.size() > 1) {
    if (NodePtr concat = MakeConcat(operands, operators)) return concat;
  }
  NodePtr first = FitOperand(operands[0], operands[1]);
  std::vector<ChainNode::Step> steps;
  NodePtr left = first;
  for (size_t i = 0; i < operators.size(); ++i) {
    NodePtr right = FitOperand(operands[i + 1], left);
    const Meeting meeting = Meet(operators[i], left, right);
    ChainNode::Step step{operators[i], CastTo(right, meeting.right), meeting.left, nullptr, meeting.result, meeting.kernel};
    if (i == 0) first = CastTo(first, meeting.left);
    else if (!TypesEqual(*left->type(), *meeting.left)) step.cast = CastKernel(left->type(), meeting.left, false);
    steps.push_back(std::move(step));
    left = std::make_shared<LeftSide>(meeting.result, meeting.shown);
  }
  return Fold(std::make_shared<ChainNode>(std::move(first), std::move(steps), left->shown_type()));
}

NodePtr MakeUnary(std::string_view symbol, NodePtr operand) {
  operand = Plain(operand);
  const TypePtr& type = operand->type();
  if (symbol == "+") {
    if (!IsNumber(type->id)) throw Invalid("there is no + of {}", TypeToString(*type));
    return operand;
  }
  if (symbol == "~" && type->id == TypeId::kUInt64) return MakeArithmetic({operand, MakeLiteral(One(type, ~uint64_t{0}))}, {"^"});
  if (symbol == "~") return MakeArithmetic({operand, MakeLiteral(One(MakeType(TypeId::kInt64), int64_t{-1}))}, {"^"});
  if (type->id == TypeId::kFloat) return MakeArithmetic({operand, MakeLiteral(One(type, -1.0f))}, {"*"});
  if (type->id == TypeId::kDouble) return MakeArithmetic({operand, MakeLiteral(One(type, -1.0))}, {"*"});
  if (type->id == TypeId::kDuration) return MakeArithmetic({MakeLiteral(One(type, int64_t{0})), operand}, {"-"});
  if (!IsNumber(type->id) && type->id != TypeId::kNull) throw Invalid("there is no - of {}", TypeToString(*type));
  return MakeArithmetic({MakeLiteral(One(MakeType(TypeId::kInt64), int64_t{0}), "0"), operand}, {"-"});
}

}  // namespace eider::expr
