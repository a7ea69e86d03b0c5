#include "eider/array/types.h"

#include <array>

#include "eider/base/bytes.h"
#include "eider/base/error.h"

namespace eider {
namespace {

constexpr size_t kNumTypeIds = size_t(TypeId::kDictionary) + 1;

std::shared_ptr<DataType> NewType(TypeId id) {
  auto type = std::make_shared<DataType>();
  type->id = id;
  return type;
}

std::array<TypePtr, kNumTypeIds> MakeSingletons() {
  std::array<TypePtr, kNumTypeIds> types;
  for (size_t i = 0; i < kNumTypeIds; ++i) types[i] = NewType(TypeId(i));
  return types;
}

}  // namespace

TypePtr MakeType(TypeId id) {
  static const std::array<TypePtr, kNumTypeIds> types = MakeSingletons();
  return types.at(size_t(id));
}

std::optional<std::string> FindValue(const KeyValues& metadata, std::string_view key) {
  for (const auto& [k, v] : metadata) {
    if (k == key) return v;
  }
  return std::nullopt;
}

int Schema::FieldIndex(std::string_view name) const {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return int(i);
  }
  return -1;
}

Layout LayoutOf(TypeId id) {
  switch (id) {
    case TypeId::kNull: return Layout::kNull;
    case TypeId::kBool: return Layout::kBits;
    case TypeId::kUtf8: case TypeId::kBinary: return Layout::kVariable32;
    case TypeId::kLargeUtf8: case TypeId::kLargeBinary: return Layout::kVariable64;
    case TypeId::kUtf8View: case TypeId::kBinaryView: return Layout::kView;
    case TypeId::kList: case TypeId::kMap: return Layout::kList32;
    case TypeId::kLargeList: return Layout::kList64;
    case TypeId::kFixedSizeList: return Layout::kFixedSizeList;
    case TypeId::kStruct: return Layout::kStruct;
    case TypeId::kDictionary: return Layout::kDictionary;
    default: return Layout::kFixed;
  }
}

bool IsInteger(TypeId id) { return id >= TypeId::kInt8 && id <= TypeId::kUInt64; }

uint64_t ByteWidth(const DataType& type) {
  switch (type.id) {
    case TypeId::kInt8: case TypeId::kUInt8: return 1;
    case TypeId::kInt16: case TypeId::kUInt16: case TypeId::kHalfFloat: return 2;
    case TypeId::kInt32: case TypeId::kUInt32: case TypeId::kFloat: case TypeId::kDate32: case TypeId::kTime32: return 4;
    case TypeId::kInt64: case TypeId::kUInt64: case TypeId::kDouble: case TypeId::kDate64: case TypeId::kTime64:
    case TypeId::kTimestamp: case TypeId::kDuration: return 8;
    case TypeId::kDecimal128: case TypeId::kUtf8View: case TypeId::kBinaryView: return 16;
    case TypeId::kDecimal256: return 32;
    case TypeId::kFixedSizeBinary: return uint64_t(type.byte_width);
    case TypeId::kDictionary: return ByteWidth(*type.index_type);
    default: return 0;
  }
}

uint64_t FixedBitWidth(const DataType& type) {
  switch (LayoutOf(type.id)) {
    case Layout::kBits: return 1;
    case Layout::kFixed: return 8 * ByteWidth(type);
    case Layout::kFixedSizeList:
      return CheckedMul(uint64_t(type.list_size), FixedBitWidth(*type.children.at(0).type), "fixed-size list width");
    default: return 0;
  }
}

namespace {

/// Item names of lists and maps are a matter of the producer ("item", "element"), so they count as metadata; so does whether the
/// values of dictionaries are in order, which the format does not keep.
bool FieldsEqual(const Field& a, const Field& b, bool compare_names, bool compare_metadata) {
  return a.nullable == b.nullable && (!compare_names || a.name == b.name) &&
         (!compare_metadata || a.metadata == b.metadata) && TypesEqual(*a.type, *b.type, compare_metadata);
}

}  // namespace

bool TypesEqual(const DataType& a, const DataType& b, bool compare_metadata) {
  if (&a == &b) return true;
  if (a.id != b.id || a.unit != b.unit || a.timezone != b.timezone || a.byte_width != b.byte_width ||
      a.list_size != b.list_size || a.precision != b.precision || a.scale != b.scale || a.keys_sorted != b.keys_sorted ||
      (compare_metadata && a.ordered != b.ordered) || a.children.size() != b.children.size()) {
    return false;
  }
  if (a.id == TypeId::kDictionary) {
    return TypesEqual(*a.index_type, *b.index_type) && TypesEqual(*a.value_type, *b.value_type, compare_metadata);
  }
  if (a.id == TypeId::kMap) {
    const DataType &x = *a.children.at(0).type, &y = *b.children.at(0).type;
    if (x.children.size() != y.children.size()) return false;
    for (size_t i = 0; i < x.children.size(); ++i) {
      if (!FieldsEqual(x.children[i], y.children[i], compare_metadata, compare_metadata)) return false;
    }
    return !compare_metadata || a.children[0].name == b.children[0].name;
  }
  for (size_t i = 0; i < a.children.size(); ++i) {
    if (!FieldsEqual(a.children[i], b.children[i], compare_metadata || a.id == TypeId::kStruct, compare_metadata)) return false;
  }
  return true;
}

TypePtr DecimalType(TypeId id, int32_t precision, int32_t scale) {
  auto type = NewType(id);
  type->precision = precision;
  type->scale = scale;
  return type;
}

TypePtr TimeType(TypeId id, TimeUnit unit) {
  auto type = NewType(id);
  type->unit = unit;
  return type;
}

TypePtr TimestampType(TimeUnit unit, std::string timezone) {
  auto type = NewType(TypeId::kTimestamp);
  type->unit = unit;
  type->timezone = std::move(timezone);
  return type;
}

TypePtr FixedSizeBinaryType(int32_t byte_width) {
  auto type = NewType(TypeId::kFixedSizeBinary);
  type->byte_width = byte_width;
  return type;
}

namespace {
TypePtr NestedType(TypeId id, std::vector<Field> children) {
  auto type = NewType(id);
  type->children = std::move(children);
  return type;
}
}  // namespace

TypePtr FixedSizeListType(Field item, int32_t list_size) {
  auto type = NewType(TypeId::kFixedSizeList);
  type->children.push_back(std::move(item));
  type->list_size = list_size;
  return type;
}

TypePtr ListType(Field item) { return NestedType(TypeId::kList, {std::move(item)}); }
TypePtr LargeListType(Field item) { return NestedType(TypeId::kLargeList, {std::move(item)}); }
TypePtr StructType(std::vector<Field> fields) { return NestedType(TypeId::kStruct, std::move(fields)); }

TypePtr MapType(TypePtr key, TypePtr value, bool keys_sorted) {
  auto type = NewType(TypeId::kMap);
  type->keys_sorted = keys_sorted;
  std::vector<Field> entry{{"key", std::move(key), false, {}}, {"value", std::move(value), true, {}}};
  type->children.push_back({"entries", StructType(std::move(entry)), false, {}});
  return type;
}

TypePtr DictionaryType(TypePtr index, TypePtr value, bool ordered) {
  auto type = NewType(TypeId::kDictionary);
  type->index_type = std::move(index);
  type->value_type = std::move(value);
  type->ordered = ordered;
  return type;
}

}  // namespace eider
