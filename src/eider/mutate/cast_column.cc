#include "eider/mutate/cast_column.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/schema/field_path.h"

namespace eider::mutate {
namespace {

enum class Family { kInteger, kFloat, kText, kBinary, kInstant, kTimeOfDay, kDuration, kDecimal, kList, kOther };

Family FamilyOf(TypeId id) {
  if (id >= TypeId::kInt8 && id <= TypeId::kUInt64) return Family::kInteger;
  if (id >= TypeId::kHalfFloat && id <= TypeId::kDouble) return Family::kFloat;
  switch (id) {
    case TypeId::kUtf8:
    case TypeId::kLargeUtf8: return Family::kText;
    case TypeId::kBinary:
    case TypeId::kLargeBinary: return Family::kBinary;
    case TypeId::kDate32:
    case TypeId::kDate64:
    case TypeId::kTimestamp: return Family::kInstant;
    case TypeId::kTime32:
    case TypeId::kTime64: return Family::kTimeOfDay;
    case TypeId::kDuration: return Family::kDuration;
    case TypeId::kDecimal128:
    case TypeId::kDecimal256: return Family::kDecimal;
    case TypeId::kList:
    case TypeId::kLargeList:
    case TypeId::kFixedSizeList: return Family::kList;
    default: return Family::kOther;
  }
}

bool CastsTo(const DataType& from, const DataType& to) {
  if (TypesEqual(from, to)) return true;
  if (from.id == TypeId::kDictionary) return CastsTo(*from.value_type, to);
  if (to.id == TypeId::kDictionary) return CastsTo(from, *to.value_type);
  const Family family = FamilyOf(from.id);
  if (family != FamilyOf(to.id) || family == Family::kOther) return false;
  if (family != Family::kList) return true;
  const bool keeps_size = to.id != TypeId::kFixedSizeList || (from.id == to.id && from.list_size == to.list_size);
  return keeps_size && CastsTo(*from.children[0].type, *to.children[0].type);
}

/// The struct of which only one field is given.
ArrayPtr WrapInStruct(const TypePtr& type, const Array& is_there, const ArrayPtr& child) {
  auto array = std::make_shared<Array>();
  array->type = type;
  array->length = child->length;
  BitBuilder valid;
  const uint8_t* bits = is_there.buffers[0].as<uint8_t>();
  for (int64_t i = is_there.offset; i < is_there.offset + child->length; ++i) valid.AppendBit((bits[i / 8] >> (i % 8) & 1) != 0);
  array->validity = valid.Finish();
  array->null_count = -1;
  array->children = {child};
  return array;
}

}  // namespace

void RequireCast(const std::string& path, const DataType& from, const DataType& to) {
  if (CastsTo(from, to)) return;
  throw Invalid("altering column '{}': {} is not cast to {}", path, TypeToString(from), TypeToString(to));
}

CastColumn::CastColumn(const LanceSchema& schema, const std::string& path, const TypePtr& type, int32_t first_id)
    : segments_(SplitFieldPath(path)), type_(type) {
  const std::vector<LanceField>* fields = &schema.fields;
  LanceField* place = nullptr;
  for (const std::string& segment : segments_) {
    const LanceField& field = *std::ranges::find(*fields, segment, &LanceField::name);
    fields = &field.children;
    if (place == nullptr) place = &(field_ = field);
    else place = &(place->children = {field})[0];
  }
  Field cast = ToArrowField(*place);
  RequireCast(path, *cast.type, *type);
  cast.type = type;
  LanceField made = ToLanceSchema({.fields = {cast}}, first_id).fields[0];
  made.name = place->name;
  made.parent_id = place->parent_id;
  *place = std::move(made);
}

const LanceField& CastColumn::replacement() const {
  const LanceField* field = &field_;
  for (size_t i = 1; i < segments_.size(); ++i) field = &field->children[0];
  return *field;
}

std::vector<ComputedColumn> CastColumn::Computed() const {
  std::vector<ComputedColumn> columns;
  std::string path;
  for (const std::string& segment : segments_) {
    path += (path.empty() ? "" : ".") + QuoteSegment(segment);
    columns.push_back({.name = path, .expression = {.text = path + " IS NOT NULL"}});
  }
  columns.back() = {.name = path, .expression = {.text = path}, .type = type_};
  return columns;
}

ArrayPtr CastColumn::Build(std::span<const ArrayPtr> computed) const {
  std::vector<TypePtr> types;
  for (const LanceField* field = &field_; types.size() + 1 < segments_.size(); field = &field->children[0]) {
    types.push_back(ToArrowField(*field).type);
  }
  ArrayPtr array = computed.back();
  for (size_t i = types.size(); i-- > 0;) array = WrapInStruct(types[i], *computed[i], array);
  return array;
}

}  // namespace eider::mutate
