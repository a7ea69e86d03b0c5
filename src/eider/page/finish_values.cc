#include "eider/page/finish_values.h"

#include "eider/array/null_array.h"
#include "eider/codec/decompressor.h"
#include "eider/page/dictionary.h"

namespace eider::page {
namespace {

std::shared_ptr<Array> NewArray(const TypePtr& type, uint64_t length, Buffer validity, int64_t null_count) {
  auto array = std::make_shared<Array>();
  array->type = type;
  array->length = static_cast<int64_t>(length);
  array->null_count = validity.present() ? null_count : (type->id == TypeId::kNull ? static_cast<int64_t>(length) : 0);
  array->validity = std::move(validity);
  return array;
}

Buffer FinishFixed(codec::DecodedValues& values) {
  if (values.view.present()) return std::move(values.view);
  return values.is_bits() ? values.bits.Finish() : values.data.Finish();
}

// Layers of a fixed-size list, outermost first; `layer` is that of the list's items.
ArrayPtr FinishFixedSizeList(const TypePtr& type, codec::DecodedValues& values, uint64_t length, size_t layer, Buffer validity,
                             int64_t null_count) {
  if (type->id != TypeId::kFixedSizeList) {
    auto leaf = NewArray(type, length, std::move(validity), null_count);
    leaf->buffers.push_back(FinishFixed(values));
    return leaf;
  }
  auto list = NewArray(type, length, std::move(validity), null_count);
  Buffer items_validity;
  if (layer < values.fsl_validity.size() && values.fsl_validity[layer].size() > 0) {
    items_validity = values.fsl_validity[layer].Finish();
  }
  const uint64_t items = CheckedMul(length, static_cast<uint64_t>(type->list_size), "fixed-size list");
  list->children.push_back(FinishFixedSizeList(type->children[0].type, values, items, layer + 1, std::move(items_validity), -1));
  return list;
}

ArrayPtr FinishPackedStruct(const TypePtr& type, codec::DecodedValues& values, Buffer validity, int64_t null_count) {
  std::vector<codec::DecodedValues> columns = std::move(values.fields);
  if (values.shape.kind == codec::ValueShape::Kind::kFixed) {
    for (const Field& child : type->children) columns.emplace_back(ShapeOfType(*child.type));
    const ByteSpan rows = values.view.present() ? values.view.span() : values.data.span();
    codec::SplitPackedStruct(rows, values.num_values, columns);
  }
  auto array = NewArray(type, values.num_values, std::move(validity), null_count);
  for (size_t i = 0; i < columns.size(); ++i) {
    array->children.push_back(FinishValues(type->children[i].type, columns[i], Buffer(), 0));
  }
  return array;
}

}  // namespace

Buffer FinishValidity(LayerSlots& slots) {
  return slots.has_nulls ? slots.validity.Finish() : Buffer();
}

ArrayPtr FinishValues(const TypePtr& type, codec::DecodedValues& values, Buffer validity, int64_t null_count) {
  if (type->id == TypeId::kNull) return NewArray(type, values.num_values, Buffer(), 0);
  // Stored as an all-null page, yet no row of a struct without fields may be null.
  if (type->id == TypeId::kStruct && type->children.empty()) return NewArray(type, values.num_values, Buffer(), 0);
  if (type->id == TypeId::kStruct) return FinishPackedStruct(type, values, std::move(validity), null_count);
  if (type->id == TypeId::kFixedSizeList) {
    return FinishFixedSizeList(type, values, values.num_values, 0, std::move(validity), null_count);
  }
  auto array = NewArray(type, values.num_values, std::move(validity), null_count);
  if (values.shape.kind == codec::ValueShape::Kind::kVariable) {
    array->buffers.reserve(2);
    array->buffers.push_back(values.offsets.Finish());
    array->buffers.push_back(values.data.Finish());
  } else {
    array->buffers.push_back(FinishFixed(values));
  }
  return array;
}

ArrayPtr FinishLeaf(LeafOutput& leaf) {
  LayerSlots& items = leaf.layers[0];
  if (leaf.values.num_values != items.length) {
    throw Corrupt("{} values for {} items", leaf.values.num_values, items.length);
  }
  if (leaf.spec->is_dictionary()) return FinishDictionary(leaf);
  return FinishValues(leaf.spec->type, leaf.values, FinishValidity(items), -1);
}

}  // namespace eider::page
