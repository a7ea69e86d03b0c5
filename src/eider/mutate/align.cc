#include "eider/mutate/align.h"

#include <algorithm>

#include "eider/array/null_array.h"
#include "eider/base/error.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/json_columns.h"
#include "eider/schema/logical_type.h"
#include "eider/schema/match.h"
#include "eider/schema/offset_width.h"

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

bool IsBlob(const Field& field) { return FindValue(field.metadata, kExtensionNameKey) == kBlobV2Extension; }

/// Bytes as blobs that have data alone. Structs stay: the writer knows their shapes.
ArrayPtr AlignBlob(const ArrayPtr& array, const TypePtr& to) {
  if (array->type->id == TypeId::kStruct) return array;
  auto blobs = std::make_shared<Array>();
  blobs->type = to;
  blobs->length = array->length;
  blobs->offset = array->offset;
  blobs->null_count = array->null_count;
  blobs->validity = array->validity;
  for (const Field& field : to->children) {
    if (field.name != "data") {
      blobs->children.push_back(MakeNullArray(field.type, array->offset + array->length));
      continue;
    }
    auto data = std::make_shared<Array>(*array);
    data->length += data->offset;
    data->offset = 0;
    data->null_count = -1;
    blobs->children.push_back(std::move(data));
  }
  return blobs;
}

ArrayPtr AlignArray(const ArrayPtr& array, const Field& field);

ArrayPtr AlignStruct(const ArrayPtr& array, const TypePtr& to) {
  auto aligned = std::make_shared<Array>(*array);
  aligned->children.clear();
  for (const Field& field : to->children) {
    const auto& from = array->type->children;
    const auto at = std::find_if(from.begin(), from.end(), [&](const Field& f) { return f.name == field.name; });
    if (at == from.end()) {
      aligned->children.push_back(MakeNullArray(field.type, array->offset + array->length));
    } else {
      aligned->children.push_back(AlignArray(array->children[static_cast<size_t>(at - from.begin())], field));
    }
  }
  aligned->type = to;
  return aligned;
}

ArrayPtr AlignArray(const ArrayPtr& array, const Field& field) {
  const TypePtr& to = field.type;
  if (SameShape(*array->type, *to)) return array;
  if (IsBlob(field)) return AlignBlob(array, to);
  if (to->id == TypeId::kStruct) return AlignStruct(array, to);
  auto aligned = std::make_shared<Array>(*array);
  for (size_t i = 0; i < aligned->children.size(); ++i) {
    aligned->children[i] = AlignArray(array->children[i], to->children[i]);
  }
  aligned->type = to;
  return aligned;
}

/// Whether each element lives: neither null itself nor below a null. Empty: all do.
using Live = std::vector<bool>;

bool IsLive(const Live& live, int64_t i) { return live.empty() || live[static_cast<size_t>(i)]; }

bool HasLiveNulls(const Array& array, const Live& live) {
  if (array.type->id != TypeId::kNull && CountNulls(array) == 0) return false;
  for (int64_t i = 0; i < array.length; ++i) {
    if (IsLive(live, i) && !array.IsValid(i)) return true;
  }
  return false;
}

/// The elements of a parent that matter to its children.
Live LiveParents(const Array& array, Live live) {
  if (CountNulls(array) == 0) return live;
  live.resize(static_cast<size_t>(array.length), true);
  for (int64_t i = 0; i < array.length; ++i) live[static_cast<size_t>(i)] = live[static_cast<size_t>(i)] && array.IsValid(i);
  return live;
}

/// The part of a child that the parent's window covers, and which of it lives.
struct ChildPart {
  ArrayPtr array;
  Live live;
};

template <typename Offset>
ChildPart ListItems(const Array& list, const Live& live) {
  if (list.length == 0) return {SliceArray(list.children[0], 0, 0), {}};
  const auto* offsets = list.buffers[0].as<Offset>() + list.offset;
  ChildPart part{SliceArray(list.children[0], offsets[0], offsets[list.length] - offsets[0]), {}};
  for (int64_t i = 0; i < list.length && !live.empty(); ++i) {
    part.live.insert(part.live.end(), static_cast<size_t>(offsets[i + 1] - offsets[i]), live[static_cast<size_t>(i)]);
  }
  return part;
}

ChildPart FixedItems(const Array& list, const Live& live) {
  const int64_t size = list.type->list_size;
  ChildPart part{SliceArray(list.children[0], list.offset * size, list.length * size), {}};
  for (const bool lives : live) part.live.insert(part.live.end(), static_cast<size_t>(size), lives);
  return part;
}

ChildPart PartOf(const Array& array, size_t child, const Live& live) {
  switch (array.type->id) {
    case TypeId::kStruct: return {SliceArray(array.children[child], array.offset, array.length), live};
    case TypeId::kFixedSizeList: return FixedItems(array, live);
    case TypeId::kList:
    case TypeId::kMap: return ListItems<int32_t>(array, live);
    case TypeId::kLargeList: return ListItems<int64_t>(array, live);
    default: return {array.children[child], {}};
  }
}

void RequireMapKeys(const Array& map, const Live& live, const std::string& path) {
  const ChildPart entries = PartOf(map, 0, live);
  if (HasLiveNulls(*entries.array, entries.live) || HasLiveNulls(*PartOf(*entries.array, 0, entries.live).array, entries.live)) {
    throw Invalid("column '{}': a map with null keys", path);
  }
}

/// Spares the walk over columns where nulls are welcome everywhere.
bool MayForbidNulls(const Field& field) {
  if (!field.nullable || field.type->id == TypeId::kMap) return true;
  return std::any_of(field.type->children.begin(), field.type->children.end(), MayForbidNulls);
}

/// Nulls below a null parent do not count.
void RequireNoForbiddenNulls(const Array& array, const Field& field, const std::string& path, Live live) {
  if (!MayForbidNulls(field)) return;
  if (!field.nullable && HasLiveNulls(array, live)) {
    throw Invalid("column '{}' is not nullable, but the data hold nulls", path);
  }
  if (field.type->children.empty() || IsBlob(field)) return;
  live = LiveParents(array, std::move(live));
  if (array.type->id == TypeId::kMap) RequireMapKeys(array, live, path);
  // The element of a plain fixed-size list has no nullability of its own.
  if (field.type->id == TypeId::kFixedSizeList && field.type->children[0].type->id != TypeId::kStruct) return;
  for (size_t i = 0; i < field.type->children.size(); ++i) {
    const Field& child = field.type->children[i];
    const ChildPart part = PartOf(array, i, live);
    RequireNoForbiddenNulls(*part.array, child, path + "." + child.name, part.live);
  }
}

}  // namespace

std::shared_ptr<RecordBatchReader> WithTableWidths(RecordBatchReader& data, const LanceSchema& table) {
  return WithWidthsOf(std::shared_ptr<RecordBatchReader>(std::shared_ptr<void>(), &data), ToArrowSchema(table));
}

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
    aligned.columns.push_back(AlignArray(StoreJson(column, table_.fields[i]), field));
    RequireNoForbiddenNulls(*aligned.columns.back(), field, field.name, {});
  }
  return aligned;
}

}  // namespace eider::mutate
