#include "eider/reduce/fold.h"

#include "eider/array/null_array.h"
#include "eider/expr/native.h"
#include "eider/reduce/bool_fold.h"
#include "eider/reduce/decimal_fold.h"
#include "eider/reduce/number_fold.h"
#include "eider/reduce/text_fold.h"

namespace eider::reduce {

bool HasOrder(const DataType& type) {
  return type.id == TypeId::kNull || type.id == TypeId::kBool || expr::IsNative(type.id) || expr::IsText(type.id) || expr::IsBytes(type.id);
}

bool HasSum(const DataType& type) {
  return type.id == TypeId::kNull || type.id == TypeId::kBool || type.id == TypeId::kDuration || (expr::IsNumber(type.id) && expr::IsNative(type.id));
}

TypePtr SumType(const DataType& type) {
  if (type.id == TypeId::kDecimal128) return DecimalType(type.id, 38, type.scale);
  if (type.id == TypeId::kDecimal256) return DecimalType(type.id, 76, type.scale);
  if (type.id == TypeId::kDuration) return TimeType(type.id, type.unit);
  if (expr::IsSigned(type.id)) return MakeType(TypeId::kInt64);
  if (expr::IsUnsigned(type.id) || type.id == TypeId::kBool) return MakeType(TypeId::kUInt64);
  return MakeType(TypeId::kDouble);
}

TypePtr ExtremeType(const TypePtr& type) {
  if (type->id == TypeId::kUtf8View) return MakeType(TypeId::kUtf8);
  if (type->id == TypeId::kBinaryView) return MakeType(TypeId::kBinary);
  return type;
}

std::unique_ptr<Fold> Fold::Make(const TypePtr& type, const Wanted& wanted) {
  if ((!wanted.bounds() && !wanted.sum) || type->id == TypeId::kNull) return std::make_unique<Fold>(type);
  if (type->id == TypeId::kBool) return std::make_unique<BoolFold>(type);
  if (expr::IsDecimal(type->id)) return MakeDecimalFold(type);
  if (expr::IsText(type->id) || expr::IsBytes(type->id)) return std::make_unique<TextFold>(type, wanted);
  return MakeNumberFold(type, wanted);
}

void Fold::Add(const Array& values) {
  num_values_ += static_cast<uint64_t>(values.length - CountNulls(values));
  AddValues(values);
}

void Fold::Merge(const Fold& other) {
  num_values_ += other.num_values_;
  MergeValues(other);
}

ArrayPtr Fold::Min() const { return MakeNullArray(ExtremeType(type_), 1); }
ArrayPtr Fold::Max() const { return MakeNullArray(ExtremeType(type_), 1); }
ArrayPtr Fold::Sum() const { return MakeNullArray(SumType(*type_), 1); }
ArrayPtr Fold::Mean() const { return MakeNullArray(MakeType(TypeId::kDouble), 1); }

ArrayPtr Fold::MakeMean(double sum) const {
  if (num_values_ == 0) return Fold::Mean();
  return expr::One(MakeType(TypeId::kDouble), sum / static_cast<double>(num_values_));
}

}  // namespace eider::reduce
