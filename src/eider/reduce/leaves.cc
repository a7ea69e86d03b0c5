#include "eider/reduce/leaves.h"

#include <algorithm>

#include "eider/array/take.h"
#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/field_path.h"

namespace eider::reduce {
namespace {

LeafKind KindOf(const LanceField& field, const DataType& type) {
  if (BlobFormOf(field) != BlobForm::kNone) return LeafKind::kBlob;
  const TypeId id = type.id == TypeId::kDictionary ? type.value_type->id : type.id;
  switch (LayoutOf(id)) {
    case Layout::kBits: return LeafKind::kValues;
    case Layout::kFixed: return ByteWidth(type.id == TypeId::kDictionary ? *type.value_type : type) <= 32 ? LeafKind::kValues : LeafKind::kPresence;
    case Layout::kVariable32:
    case Layout::kVariable64: return id == TypeId::kUtf8 || id == TypeId::kLargeUtf8 ? LeafKind::kValues : LeafKind::kLengths;
    default: return LeafKind::kPresence;
  }
}

void AddLeaves(const LanceField& field, const Field& shown, Leaf leaf, std::vector<Leaf>* out) {
  const Layout layout = LayoutOf(shown.type->id);
  const bool is_list = layout == Layout::kList32 || layout == Layout::kList64;
  if (BlobFormOf(field) == BlobForm::kNone && (layout == Layout::kStruct || is_list) && field.children.size() == shown.type->children.size()) {
    for (size_t i = 0; i < field.children.size(); ++i) {
      const Field& child = shown.type->children[i];
      Leaf below = leaf;
      below.steps.push_back(is_list ? "" : child.name);
      below.path += "." + QuoteSegment(child.name);
      if (!is_list && !leaf.in_list()) below.read_path = below.path;
      AddLeaves(field.children[i], child, std::move(below), out);
    }
    return;
  }
  leaf.field_id = field.id;
  leaf.type = shown.type;
  leaf.kind = KindOf(field, *shown.type);
  out->push_back(std::move(leaf));
}

ArrayPtr ItemsOf(const Array& list) {
  if (list.length == 0) return SliceArray(list.children[0], 0, 0);
  if (LayoutOf(list.type->id) == Layout::kList64) {
    const int64_t* offsets = list.buffers[0].as<int64_t>() + list.offset;
    return SliceArray(list.children[0], offsets[0], offsets[list.length] - offsets[0]);
  }
  const int32_t* offsets = list.buffers[0].as<int32_t>() + list.offset;
  return SliceArray(list.children[0], offsets[0], offsets[list.length] - offsets[0]);
}

}  // namespace

std::vector<Leaf> LeavesOf(const LanceField& field) {
  std::vector<Leaf> leaves;
  const std::string name = QuoteSegment(field.name);
  AddLeaves(field, ToShownField(field), {.path = name, .read_path = name}, &leaves);
  return leaves;
}

ArrayPtr Leaf::Find(const ArrayPtr& column) const {
  ArrayPtr array = column;
  for (const std::string& step : steps) {
    if (array->type->id != TypeId::kStruct) {
      array = ItemsOf(*array);
      continue;
    }
    const auto found = std::ranges::find(array->type->children, step, &Field::name);
    if (found == array->type->children.end()) throw Corrupt("column '{}': no field '{}' was read", path, step);
    array = StructChild(*array, static_cast<size_t>(found - array->type->children.begin()));
  }
  return array->type->id == TypeId::kDictionary ? DecodeDictionary(*array) : array;
}

}  // namespace eider::reduce
