#include "eider/schema/offset_width.h"

#include <algorithm>
#include <limits>

#include "eider/array/dictionary_cast.h"
#include "eider/array/string_values.h"
#include "eider/array/take.h"
#include "eider/array/types.h"
#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/schema/logical_type.h"

namespace eider {
namespace {

enum class Family { kNone, kText, kBytes, kList };

Family FamilyOf(TypeId id) {
  switch (id) {
    case TypeId::kUtf8:
    case TypeId::kLargeUtf8:
    case TypeId::kUtf8View: return Family::kText;
    case TypeId::kBinary:
    case TypeId::kLargeBinary:
    case TypeId::kBinaryView: return Family::kBytes;
    case TypeId::kList:
    case TypeId::kLargeList: return Family::kList;
    default: return Family::kNone;
  }
}

bool IsView(TypeId id) { return id == TypeId::kUtf8View || id == TypeId::kBinaryView; }
bool IsWide(TypeId id) { return id == TypeId::kLargeUtf8 || id == TypeId::kLargeBinary || id == TypeId::kLargeList; }

/// The type itself where neither its id nor a child changes.
TypePtr Remade(const TypePtr& type, TypeId id, std::vector<Field> children) {
  bool same = id == type->id;
  for (size_t i = 0; i < children.size(); ++i) {
    same &= children[i].type == type->children[i].type && children[i].name == type->children[i].name;
  }
  if (same) return type;
  auto made = std::make_shared<DataType>(*type);
  made->id = id;
  made->children = std::move(children);
  return made;
}

bool IsExtension(const Field& field) { return FindValue(field.metadata, kExtensionNameKey).has_value(); }

const Field* LikeOf(const DataType& type, size_t child, const DataType& like) {
  if (type.id != TypeId::kStruct) return child < like.children.size() ? &like.children[child] : nullptr;
  const auto found = std::ranges::find(like.children, type.children[child].name, &Field::name);
  return found == like.children.end() ? nullptr : &*found;
}

/// Validity and window of an array whose offsets begin anew.
std::shared_ptr<Array> Rebased(const Array& array, const TypePtr& type) {
  auto out = std::make_shared<Array>();
  out->type = type;
  out->length = array.length;
  out->null_count = array.null_count;
  if (array.validity.present() && array.length > 0) {
    BufferBuilder bits;
    bits.AppendFill(BytesForBits(uint64_t(array.length)), 0);
    CopyBits(array.validity.data(), uint64_t(array.offset), bits.data(), 0, uint64_t(array.length));
    out->validity = bits.Finish();
  }
  return out;
}

ArrayPtr FromViews(const Array& array, const TypePtr& type) {
  const StringValues values(array);
  BufferBuilder offsets(sizeof(int64_t) * size_t(array.length + 1)), bytes;
  offsets.AppendValue<int64_t>(0);
  for (int64_t i = 0; i < array.length; ++i) {
    if (array.IsValid(i)) bytes.Append(values.At(i));  // a view below a null may point anywhere
    offsets.AppendValue(int64_t(bytes.size()));
  }
  auto out = Rebased(array, type);
  out->buffers = {offsets.Finish(), bytes.Finish()};
  return out;
}

template <typename From, typename To>
ArrayPtr Resized(const Array& array, const TypePtr& type) {
  const From* from = array.length > 0 ? array.buffers[0].as<From>() + array.offset : nullptr;
  const From first = from ? from[0] : 0, last = from ? from[array.length] : 0;
  if (uint64_t(last - first) > uint64_t(std::numeric_limits<To>::max())) {
    throw Invalid("{} bytes or items in one batch do not fit {}, whose offsets have 32 bits: bring smaller batches", last - first, TypeToString(*type));
  }
  BufferBuilder offsets;
  To* to = reinterpret_cast<To*>(offsets.Extend(sizeof(To) * size_t(array.length + 1)));
  to[0] = 0;
  for (int64_t i = 1; i <= array.length; ++i) to[i] = To(from[i] - first);
  auto out = Rebased(array, type);
  out->buffers.push_back(offsets.Finish());
  if (!type->children.empty()) out->children = {ToWidthsOf(SliceArray(array.children[0], first, last - first), type->children[0].type)};
  else out->buffers.push_back(array.buffers[1].Slice(size_t(first), size_t(last - first)));
  return out;
}

/// What a dictionary's values are, or the type itself.
const TypePtr& ValuesOf(const TypePtr& type) { return type->id == TypeId::kDictionary ? type->value_type : type; }

/// Where one of the two is a dictionary: `like` when the values are alike.
TypePtr WithDictionaryOf(const TypePtr& type, const DataType& like) {
  const TypePtr as = std::make_shared<const DataType>(like);
  return TypesEqual(*WithWidthsOf(ValuesOf(type), *ValuesOf(as)), *ValuesOf(as)) ? as : type;
}

/// One of the two is a dictionary.
ArrayPtr ToDictionaryOf(const ArrayPtr& array, const TypePtr& type) {
  if (type->id != TypeId::kDictionary) return ToWidthsOf(DecodeDictionary(*array), type);
  if (array->type->id != TypeId::kDictionary) return EncodeDictionary(ToWidthsOf(array, type->value_type), type);
  auto widened = std::make_shared<Array>(*array);
  widened->dictionary = ToWidthsOf(array->dictionary, type->value_type);
  return RekeyDictionary(widened, type);
}

}  // namespace

TypePtr WithWidthsOf(const TypePtr& type, const DataType& like) {
  if (type->id == TypeId::kDictionary || like.id == TypeId::kDictionary) return WithDictionaryOf(type, like);
  const Family family = FamilyOf(type->id);
  if (family != FamilyOf(like.id) || (family == Family::kNone && type->id != like.id)) return type;
  TypeId id = family == Family::kNone ? type->id : like.id;
  if (IsView(id) || (IsView(type->id) && !IsWide(id))) id = type->id;
  std::vector<Field> children = type->children;
  for (size_t i = 0; i < children.size(); ++i) {
    const Field* other = LikeOf(*type, i, like);
    if (!other) continue;
    children[i] = WithWidthsOf(children[i], *other);
    if (type->id != TypeId::kMap) children[i].name = other->name;
  }
  return Remade(type, id, std::move(children));
}

Field WithWidthsOf(const Field& field, const Field& like) {
  Field out = field;
  if (!IsExtension(field) && !IsExtension(like)) out.type = WithWidthsOf(field.type, *like.type);
  return out;
}

TypePtr WithoutViews(const TypePtr& type) {
  if (type->id == TypeId::kDictionary) return type;
  const TypeId id = type->id == TypeId::kUtf8View ? TypeId::kLargeUtf8 : type->id == TypeId::kBinaryView ? TypeId::kLargeBinary : type->id;
  std::vector<Field> children = type->children;
  for (Field& child : children) child.type = WithoutViews(child.type);
  return Remade(type, id, std::move(children));
}

ArrayPtr ToWidthsOf(const ArrayPtr& array, const TypePtr& type) {
  if (array->type == type || TypesEqual(*array->type, *type)) return array;
  if (array->type->id == TypeId::kDictionary || type->id == TypeId::kDictionary) return ToDictionaryOf(array, type);
  if (IsView(array->type->id)) return FromViews(*array, type);
  switch (LayoutOf(array->type->id)) {
    case Layout::kVariable32:
    case Layout::kList32: return IsWide(type->id) ? Resized<int32_t, int64_t>(*array, type) : Resized<int32_t, int32_t>(*array, type);
    case Layout::kVariable64:
    case Layout::kList64: return IsWide(type->id) ? Resized<int64_t, int64_t>(*array, type) : Resized<int64_t, int32_t>(*array, type);
    default: break;
  }
  const int64_t each = type->id == TypeId::kFixedSizeList ? type->list_size : 1;
  auto out = Rebased(*array, type);
  for (size_t i = 0; i < type->children.size(); ++i) {
    out->children.push_back(ToWidthsOf(SliceArray(array->children[i], array->offset * each, array->length * each), type->children[i].type));
  }
  return out;
}

std::optional<RecordBatch> OffsetWidthReader::Next() {
  std::optional<RecordBatch> batch = data_->Next();
  if (!batch) return std::nullopt;
  for (size_t i = 0; i < batch->columns.size(); ++i) {
    try {
      batch->columns[i] = ToWidthsOf(batch->columns[i], schema_->fields[i].type);
    } catch (const Error& error) {
      throw error.In(fmt::format("column '{}'", schema_->fields[i].name));
    }
  }
  batch->schema = schema_;
  return batch;
}

namespace {

std::shared_ptr<RecordBatchReader> WithSchema(std::shared_ptr<RecordBatchReader> data, Schema schema) {
  const Schema& has = *data->schema();
  bool same = true;
  for (size_t i = 0; i < has.fields.size(); ++i) same &= has.fields[i].type == schema.fields[i].type;
  if (same) return data;
  return std::make_shared<OffsetWidthReader>(std::move(data), std::make_shared<const Schema>(std::move(schema)));
}

}  // namespace

std::shared_ptr<RecordBatchReader> WithWidthsOf(std::shared_ptr<RecordBatchReader> data, const Schema& like) {
  Schema schema = *data->schema();
  for (Field& field : schema.fields) {
    const int at = like.FieldIndex(field.name);
    if (at >= 0) field = WithWidthsOf(field, like.fields[size_t(at)]);
  }
  return WithSchema(std::move(data), std::move(schema));
}

std::shared_ptr<RecordBatchReader> WithoutViews(std::shared_ptr<RecordBatchReader> data) {
  Schema schema = *data->schema();
  for (Field& field : schema.fields) field.type = WithoutViews(field.type);
  return WithSchema(std::move(data), std::move(schema));
}

}  // namespace eider
