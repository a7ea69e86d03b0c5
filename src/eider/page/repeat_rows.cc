#include "eider/page/repeat_rows.h"

#include "eider/base/bytes.h"
#include "eider/base/memory.h"

namespace eider::page {
namespace {

/// The validity of the array's window, each bit `repeat` times.
Buffer RepeatValidity(const Array& array, uint64_t repeat) {
  if (!array.validity.present()) return {};
  BitBuilder bits;
  for (int64_t i = 0; i < array.length; ++i) bits.AppendFill(repeat, array.IsValid(i));
  return bits.Finish();
}

/// `steps` end with a fixed-size list, or are empty.
ArrayPtr Repeat(const ArrayPtr& array, std::span<const PathStep> steps) {
  if (steps.empty()) return array;
  const bool is_list = steps[0].kind == PathStep::Kind::kFixedSizeList;
  const int64_t size = is_list ? array->type->list_size : 1;
  const ArrayPtr& child = array->children[static_cast<size_t>(steps[0].child)];
  ArrayPtr items = Repeat(SliceArray(child, array->offset * size, array->length * size), steps.subspan(1));
  auto out = std::make_shared<Array>();
  const Field& field = array->type->children[static_cast<size_t>(steps[0].child)];
  out->type = std::make_shared<const DataType>(
      DataType{.id = TypeId::kStruct, .children = {{.name = field.name, .type = items->type, .nullable = field.nullable}}});
  out->length = items->length;
  if (array->length > 0) out->validity = RepeatValidity(*array, static_cast<uint64_t>(items->length / array->length));
  if (!out->validity.present()) out->null_count = 0;
  out->children.push_back(std::move(items));
  return out;
}

}  // namespace

RepeatedRows RepeatRows(std::span<const ArrayPtr> pieces, const ColumnLeaf& leaf) {
  RepeatedRows out{.leaf = leaf};
  size_t count = leaf.steps.size();
  while (leaf.steps[count - 1].kind != PathStep::Kind::kFixedSizeList) --count;
  for (const ArrayPtr& piece : pieces) out.pieces.push_back(Repeat(piece, std::span(leaf.steps).first(count)));
  for (size_t i = 0; i < count; ++i) out.leaf.steps[i] = {PathStep::Kind::kStruct, 0};
  out.leaf.rows_per_row = 1;
  return out;
}

}  // namespace eider::page
