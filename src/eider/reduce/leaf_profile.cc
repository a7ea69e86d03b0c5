#include "eider/reduce/leaf_profile.h"

#include <algorithm>

#include "eider/array/string_values.h"
#include "eider/base/error.h"
#include "eider/expr/cast.h"

namespace eider::reduce {
namespace {

constexpr size_t kTopValues = 5;

ArrayPtr LengthsOf(const Array& values) {
  const StringValues strings(values);
  expr::Builder<uint64_t> lengths(values.length);
  for (int64_t i = 0; i < values.length; ++i) {
    if (values.IsValid(i)) lengths.Append(strings.At(i).size());
    else lengths.AppendNull();
  }
  return lengths.Finish(MakeType(TypeId::kUInt64));
}

ArrayPtr BlobLengths(const Array& descriptors) {
  const auto found = std::ranges::find(descriptors.type->children, "size", &Field::name);
  if (found == descriptors.type->children.end()) throw Corrupt("blob: descriptors of type {}", TypeToString(*descriptors.type));
  return StructChild(descriptors, static_cast<size_t>(found - descriptors.type->children.begin()));
}

/// What float16 is folded as.
TypePtr FoldedType(const TypePtr& type) { return type->id == TypeId::kHalfFloat ? MakeType(TypeId::kFloat) : type; }

ArrayPtr HalvesToFloats(const ArrayPtr& halves) {
  const TypePtr type = MakeType(TypeId::kFloat);
  const expr::Column column{halves, false};
  return expr::CastKernel(halves->type, type, true)(expr::Call{{&column, 1}, halves->length, nullptr, type});
}

TypePtr ValueType(const TypePtr& type) { return type->id == TypeId::kDictionary ? type->value_type : type; }

}  // namespace

LeafProfile::LeafProfile(const Leaf& leaf) : kind_(leaf.kind) {
  const TypePtr type = ValueType(leaf.type), folded = FoldedType(type);
  if (kind_ == LeafKind::kLengths || kind_ == LeafKind::kBlob) fold_ = Fold::Make(MakeType(TypeId::kUInt64), {.min = true, .max = true, .sum = true});
  if (kind_ != LeafKind::kValues) return;
  if (HasOrder(*folded)) fold_ = Fold::Make(folded, {.min = true, .max = true, .sum = HasSum(*folded)});
  counts_values_ = ValueCounts::Takes(*type);
}

void LeafProfile::Add(const ArrayPtr& values, uint64_t number) {
  const auto nulls = static_cast<uint64_t>(CountNulls(*values));
  num_nulls_ += nulls;
  num_values_ += static_cast<uint64_t>(values->length) - nulls;
  if (kind_ == LeafKind::kBlob) fold_->Add(*BlobLengths(*values));
  else if (kind_ == LeafKind::kLengths) fold_->Add(*LengthsOf(*values));
  else if (fold_) fold_->Add(values->type->id == TypeId::kHalfFloat ? *HalvesToFloats(values) : *values);
  if (counts_values_) counts_.Add(*values, number);
}

void LeafProfile::Merge(const LeafProfile& other) {
  num_nulls_ += other.num_nulls_;
  num_values_ += other.num_values_;
  if (fold_) fold_->Merge(*other.fold_);
  if (counts_values_) counts_.Merge(other.counts_);
}

ColumnProfile LeafProfile::Finish(const Leaf& leaf) const {
  ColumnProfile out{.path = leaf.path, .type = leaf.type, .field_id = leaf.field_id, .num_values = num_values_, .num_nulls = num_nulls_};
  if (kind_ == LeafKind::kLengths || kind_ == LeafKind::kBlob) {
    if (num_values_ == 0 || fold_->num_values() == 0) return out;
    const auto value = [](const ArrayPtr& array) { return array->buffers[0].as<uint64_t>()[array->offset]; };
    out.lengths = {.min = value(fold_->Min()), .max = value(fold_->Max()), .mean = fold_->Mean()->buffers[0].as<double>()[0]};
    return out;
  }
  if (fold_) {
    out.min = fold_->Min();
    out.max = fold_->Max();
    const TypePtr type = FoldedType(ValueType(leaf.type));
    if (num_values_ > 0 && HasSum(*type) && type->id != TypeId::kDuration) out.mean = fold_->Mean()->buffers[0].as<double>()[0];
  }
  if (!counts_values_) return out;
  out.num_distinct = std::min(counts_.num_distinct(), num_values_);
  out.is_estimate = counts_.is_estimate();
  ValueCounts::Top top = counts_.MostFrequent(ValueType(leaf.type), kTopValues);
  out.top_values = std::move(top.values);
  out.top_counts = std::move(top.counts);
  return out;
}

}  // namespace eider::reduce
