#include "eider/expr/coerce.h"

#include <algorithm>

#include "eider/expr/cast.h"
#include "eider/expr/literal.h"
#include "eider/expr/native.h"
#include "eider/expr/temporal.h"
#include "eider/expr/wide_integer.h"

namespace eider::expr {
namespace {

int Bits(TypeId id) { return int(FixedBitWidth(*MakeType(id))); }

TypePtr CommonInteger(TypeId a, TypeId b) {
  if (IsSigned(a) == IsSigned(b)) return MakeType(Bits(a) >= Bits(b) ? a : b);
  if (IsSigned(b)) std::swap(a, b);
  const int bits = std::max(Bits(a), 2 * Bits(b));  // a is signed, b is not
  if (bits > 64) return DecimalType(TypeId::kDecimal128, 20, 0);
  return MakeType(bits == 16 ? TypeId::kInt16 : bits == 32 ? TypeId::kInt32 : TypeId::kInt64);
}

/// An integer as the decimal that holds all of its values.
TypePtr AsDecimal(const TypePtr& type) {
  if (IsDecimal(type->id)) return type;
  const int bits = Bits(type->id);
  return DecimalType(TypeId::kDecimal128, bits == 8 ? 3 : bits == 16 ? 5 : bits == 32 ? 10 : 20, 0);
}

TypePtr CommonDecimal(const TypePtr& left, const TypePtr& right) {
  const TypePtr a = AsDecimal(left), b = AsDecimal(right);
  const int scale = std::max(a->scale, b->scale), whole = std::max(a->precision - a->scale, b->precision - b->scale);
  const bool wide = a->id == TypeId::kDecimal256 || b->id == TypeId::kDecimal256 || whole + scale > 38;
  return wide ? DecimalType(TypeId::kDecimal256, std::min(kWideDigits, whole + scale), scale) : DecimalType(TypeId::kDecimal128, whole + scale, scale);
}

TypePtr CommonInstant(const TypePtr& a, const TypePtr& b) {
  if (IsDate(a->id) && IsDate(b->id)) return MakeType(TypeId::kDate32);
  const TypePtr& stamp = a->id == TypeId::kTimestamp ? a : b;
  const TypePtr& other = a->id == TypeId::kTimestamp ? b : a;
  const TimeUnit unit = other->id == TypeId::kTimestamp ? std::max(a->unit, b->unit) : stamp->unit;
  return TimestampType(unit, stamp->timezone.empty() ? other->timezone : stamp->timezone);
}

TypePtr CommonStruct(const DataType& a, const DataType& b) {
  if (a.children.size() != b.children.size()) return nullptr;
  std::vector<Field> fields;
  for (size_t i = 0; i < a.children.size(); ++i) {
    const TypePtr type = CommonType(a.children[i].type, b.children[i].type);
    if (!type) return nullptr;
    fields.push_back({a.children[i].name, type, true, {}});
  }
  return StructType(std::move(fields));
}

/// The type of what a literal becomes beside a column, when it has a value there.
NodePtr TakeType(const NodePtr& node, const TypePtr& type) {
  const auto* literal = dynamic_cast<const LiteralNode*>(node.get());
  if (!literal || !literal->value()->IsValid(0)) return node;
  try {
    const Fitted fitted = FitLiteral(*literal, type);
    return fitted.fit == Fit::kExact ? fitted.value : node;
  } catch (const Error&) {
    return node;
  }
}

}  // namespace

TypePtr CommonType(const TypePtr& a, const TypePtr& b) {
  if (TypesEqual(*a, *b)) return a;
  if (a->id == TypeId::kNull) return b;
  if (b->id == TypeId::kNull) return a;
  if (a->id == TypeId::kDictionary) return CommonType(a->value_type, b);
  if (b->id == TypeId::kDictionary) return CommonType(a, b->value_type);
  if (IsWhole(a->id) && IsWhole(b->id)) return CommonInteger(a->id, b->id);
  if (IsNumber(a->id) && IsNumber(b->id)) {
    const bool halves = a->id != TypeId::kDouble && b->id != TypeId::kDouble && IsFloat(a->id) && IsFloat(b->id);
    if (IsFloat(a->id) || IsFloat(b->id)) return MakeType(halves ? TypeId::kFloat : TypeId::kDouble);
    return CommonDecimal(a, b);
  }
  if (IsText(a->id) && IsText(b->id)) return MakeType(a->id == TypeId::kLargeUtf8 || b->id == TypeId::kLargeUtf8 ? TypeId::kLargeUtf8 : TypeId::kUtf8);
  if (IsBytes(a->id) && IsBytes(b->id)) return MakeType(a->id == TypeId::kLargeBinary || b->id == TypeId::kLargeBinary ? TypeId::kLargeBinary : TypeId::kBinary);
  const auto instant = [](const TypePtr& type) { return IsDate(type->id) || type->id == TypeId::kTimestamp; };
  if (instant(a) && instant(b)) return CommonInstant(a, b);
  if (IsTime(a->id) && IsTime(b->id)) return TimeType(TypeId::kTime64, TimeUnit::kNano);
  if (a->id == TypeId::kDuration && b->id == TypeId::kDuration) return TimeType(TypeId::kDuration, std::max(a->unit, b->unit));
  if (IsList(a->id) && IsList(b->id)) {
    const TypePtr item = CommonType(a->children[0].type, b->children[0].type);
    return item ? ListType({"item", item, true, {}}) : nullptr;
  }
  if (a->id == TypeId::kStruct && b->id == TypeId::kStruct) return CommonStruct(*a, *b);
  return nullptr;
}

NodePtr Plain(NodePtr node) {
  if (node->type()->id == TypeId::kDictionary) return CastTo(node, node->type()->value_type);
  if (node->type()->id == TypeId::kHalfFloat) return CastTo(node, MakeType(TypeId::kFloat));
  return node;
}

std::vector<NodePtr> Unify(std::vector<NodePtr> nodes) {
  TypePtr type = MakeType(TypeId::kNull);
  const auto widen = [&](const NodePtr& node) {
    const TypePtr wider = CommonType(type, node->type());
    if (!wider) throw Invalid("{} and {} have no common type", TypeToString(*type), TypeToString(*node->type()));
    type = wider;
  };
  for (NodePtr& node : nodes) {
    node = Plain(node);
    if (!node->literal()) widen(node);
  }
  for (NodePtr& node : nodes) {
    if (!node->literal()) continue;
    if (type->id != TypeId::kNull && !IsWhole(type->id) && !IsFloat(type->id)) node = TakeType(node, type);
    widen(node);
  }
  for (NodePtr& node : nodes) node = CastTo(node, type);
  return nodes;
}

}  // namespace eider::expr
