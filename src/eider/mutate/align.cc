#include "eider/mutate/align.h"

#include <algorithm>

#include "eider/array/null_array.h"
#include "eider/base/error.h"
#include "eider/schema/json_columns.h"
#include "eider/schema/match.h"

namespace eider::mutate {
namespace {

bool IsString(TypeId id) {
  return id == TypeId::kUtf8 || id == TypeId::kUtf8View || id == TypeId::kBinary || id == TypeId::kBinaryView;
}

/// True when an array of type `from` is one of type `to` as it stands, but for views of strings.
bool SameShape(const DataType& from, const DataType& to) {
  if (IsString(from.id) && IsString(to.id)) return true;
  if (from.id != to.id || from.children.size() != to.children.size()) return false;
  for (size_t i = 0; i < from.children.size(); ++i) {
    if (to.id == TypeId::kStruct && from.children[i].name != to.children[i].name) return false;
    if (!SameShape(*from.children[i].type, *to.children[i].type)) return false;
  }
  return true;
}

ArrayPtr AlignArray(const ArrayPtr& array, const TypePtr& to);

ArrayPtr AlignStruct(const ArrayPtr& array, const TypePtr& to) {
  auto aligned = std::make_shared<Array>(*array);
  aligned->children.clear();
  for (const Field& field : to->children) {
    const auto& from = array->type->children;
    const auto at = std::find_if(from.begin(), from.end(), [&](const Field& f) { return f.name == field.name; });
    if (at == from.end()) {
      aligned->children.push_back(MakeNullArray(field.type, array->offset + array->length));
    } else {
      aligned->children.push_back(AlignArray(array->children[static_cast<size_t>(at - from.begin())], field.type));
    }
  }
  aligned->type = to;
  return aligned;
}

ArrayPtr AlignArray(const ArrayPtr& array, const TypePtr& to) {
  if (SameShape(*array->type, *to)) return array;
  if (to->id == TypeId::kStruct) return AlignStruct(array, to);
  auto aligned = std::make_shared<Array>(*array);
  for (size_t i = 0; i < aligned->children.size(); ++i) {
    aligned->children[i] = AlignArray(array->children[i], to->children[i].type);
  }
  aligned->type = to;
  return aligned;
}

/// The part of a child that the parent's window covers, when that can be said without looking at each value.
ArrayPtr ChildWindow(const Array& array, size_t child) {
  switch (array.type->id) {
    case TypeId::kStruct: return SliceArray(array.children[child], array.offset, array.length);
    case TypeId::kFixedSizeList:
      return SliceArray(array.children[child], array.offset * array.type->list_size, array.length * array.type->list_size);
    case TypeId::kList:
    case TypeId::kMap: {
      if (array.length == 0) return SliceArray(array.children[child], 0, 0);
      const auto* offsets = array.buffers[0].as<int32_t>() + array.offset;
      return SliceArray(array.children[child], offsets[0], offsets[array.length] - offsets[0]);
    }
    case TypeId::kLargeList: {
      if (array.length == 0) return SliceArray(array.children[child], 0, 0);
      const auto* offsets = array.buffers[0].as<int64_t>() + array.offset;
      return SliceArray(array.children[child], offsets[0], offsets[array.length] - offsets[0]);
    }
    default: return array.children[child];
  }
}

void RequireMapKeys(const Array& map, const std::string& path) {
  const ArrayPtr entries = ChildWindow(map, 0);
  if (CountNulls(*entries) > 0 || CountNulls(*ChildWindow(*entries, 0)) > 0) throw Invalid("column '{}': a map with null keys", path);
}

/// Nulls below a null parent do not count, so children are looked at only where the parent has none.
void RequireNoForbiddenNulls(const Array& array, const Field& field, const std::string& path) {
  const bool has_nulls = array.type->id == TypeId::kNull ? array.length > 0 : CountNulls(array) > 0;
  if (has_nulls && !field.nullable) throw Invalid("column '{}' is not nullable, but the data hold nulls", path);
  if (array.type->id == TypeId::kMap) RequireMapKeys(array, path);
  if (has_nulls || field.type->children.empty()) return;
  // The element of a plain fixed-size list has no nullability of its own.
  if (field.type->id == TypeId::kFixedSizeList && field.type->children[0].type->id != TypeId::kStruct) return;
  for (size_t i = 0; i < field.type->children.size(); ++i) {
    const Field& child = field.type->children[i];
    RequireNoForbiddenNulls(*ChildWindow(array, i), child, path + "." + child.name);
  }
}

}  // namespace

AlignedReader::AlignedReader(RecordBatchReader& data, const LanceSchema& table)
    : data_(data),
      columns_(MatchForAppend(table, *data.schema()).columns),
      table_(table),
      schema_(std::make_shared<const Schema>(ToArrowSchema(table))) {}

std::optional<RecordBatch> AlignedReader::Next() {
  std::optional<RecordBatch> batch = data_.Next();
  if (!batch) return std::nullopt;
  RecordBatch aligned{.schema = schema_, .num_rows = batch->num_rows};
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Field& field = schema_->fields[i];
    if (columns_[i] < 0) {
      aligned.columns.push_back(MakeNullArray(field.type, batch->num_rows));
      continue;
    }
    const ArrayPtr& column = batch->columns.at(static_cast<size_t>(columns_[i]));
    aligned.columns.push_back(AlignArray(StoreJson(column, table_.fields[i]), field.type));
    RequireNoForbiddenNulls(*aligned.columns.back(), field, field.name);
  }
  return aligned;
}

}  // namespace eider::mutate
