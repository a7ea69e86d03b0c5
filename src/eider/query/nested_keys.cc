#include "eider/query/nested_keys.h"

#include <memory>
#include <vector>

#include "eider/array/types.h"
#include "eider/base/memory.h"
#include "eider/query/sort_column.h"

namespace eider::query {
namespace {

/// The keys of the values of one array: of all levels below it, made once.
class KeyNode {
 public:
  KeyNode(const ArrayPtr& array, const SortKey& inner) : array_(array), null_rank_(inner.nulls_first ? 0 : 2) {
    if (!IsNested(*array->type)) leaf_ = std::make_unique<SortColumn>(array, inner);
    else for (const ArrayPtr& child : array->children) children_.emplace_back(child, inner);
  }

  /// Rank and value.
  void Append(int64_t row, BufferBuilder& out) const {
    if (leaf_) {
      uint64_t word = 0;
      leaf_->Words(row, {&word, 1});
      return leaf_->AppendTo(row, word, out);
    }
    const bool valid = array_->IsValid(row);
    out.AppendValue(valid ? uint8_t{1} : null_rank_);
    if (valid) AppendValue(row, out);
  }
  void AppendValue(int64_t row, BufferBuilder& out) const {
    const int64_t at = array_->offset + row;
    switch (LayoutOf(array_->type->id)) {
      case Layout::kStruct:
        for (const KeyNode& child : children_) child.Append(at, out);
        return;
      case Layout::kFixedSizeList:
        for (int64_t i = 0; i < array_->type->list_size; ++i) children_[0].Append(at * array_->type->list_size + i, out);
        return;
      case Layout::kList64: return AppendItems(array_->buffers[0].as<int64_t>() + at, out);
      default: return AppendItems(array_->buffers[0].as<int32_t>() + at, out);
    }
  }

 private:
  template <typename Offset>
  void AppendItems(const Offset* offsets, BufferBuilder& out) const {
    for (Offset item = offsets[0]; item < offsets[1]; ++item) {
      out.AppendValue(uint8_t{1});
      children_[0].Append(item, out);
    }
    out.AppendValue(uint8_t{0});
  }

  const ArrayPtr array_;
  const uint8_t null_rank_;
  std::unique_ptr<SortColumn> leaf_;
  std::vector<KeyNode> children_;
};

}  // namespace

bool IsNested(const DataType& type) {
  switch (LayoutOf(type.id)) {
    case Layout::kList32: case Layout::kList64: case Layout::kFixedSizeList: case Layout::kStruct: return true;
    default: return false;
  }
}

ArrayPtr NestedKeys(const ArrayPtr& array, const SortKey& key) {
  const KeyNode root(array, {.column = key.column, .ascending = true, .nulls_first = key.nulls_first == key.ascending});
  BufferBuilder offsets, bytes;
  BitBuilder validity;
  offsets.AppendValue(int64_t{0});
  for (int64_t row = 0; row < array->length; ++row) {
    const bool valid = array->IsValid(row);
    validity.AppendBit(valid);
    if (valid) root.AppendValue(row, bytes);
    offsets.AppendValue(static_cast<int64_t>(bytes.size()));
  }
  auto keys = std::make_shared<Array>();
  keys->type = MakeType(TypeId::kLargeBinary);
  keys->length = array->length;
  keys->null_count = CountNulls(*array);
  if (keys->null_count > 0) keys->validity = validity.Finish();
  keys->buffers = {offsets.Finish(), bytes.Finish()};
  return keys;
}

}  // namespace eider::query
