#include "eider/array/row_sizes.h"

#include <algorithm>

#include "eider/array/types.h"

namespace eider {
namespace {

template <typename Offset>
uint64_t VariableBytes(const Array& array, int64_t row) {
  const auto* offsets = array.buffers[0].as<Offset>() + array.offset + row;
  return uint64_t(offsets[1]) - uint64_t(offsets[0]);
}

uint64_t VaryingBytes(const Array& array, int64_t row) {
  const bool is_plain_list = !array.children.empty() && FixedBitWidth(*array.children[0]->type) >= 8;
  switch (LayoutOf(array.type->id)) {
    case Layout::kVariable32: return VariableBytes<int32_t>(array, row);
    case Layout::kVariable64: return VariableBytes<int64_t>(array, row);
    case Layout::kList32:
      if (!is_plain_list) break;
      return VariableBytes<int32_t>(array, row) * FixedBitWidth(*array.children[0]->type) / 8;
    case Layout::kDictionary: return 0;
    default: break;
  }
  Array one = array;
  one.offset += row;
  one.length = 1;
  return ArrayBytes(one);
}

uint64_t DictionaryBytes(const Array& array) {
  uint64_t bytes = array.dictionary ? ArrayBytes(*array.dictionary) : 0;
  for (const ArrayPtr& child : array.children) bytes += DictionaryBytes(*child);
  return bytes;
}

}  // namespace

uint64_t DictionaryBytes(const RecordBatch& batch) {
  uint64_t bytes = 0;
  for (const ArrayPtr& column : batch.columns) bytes += DictionaryBytes(*column);
  return bytes;
}

uint64_t BytesOfRows(const RecordBatch& batch) {
  const uint64_t bytes = BatchBytes(batch);
  return bytes - std::min(bytes, DictionaryBytes(batch));
}

RowSizes::RowSizes(std::span<const ArrayPtr> columns) {
  for (const ArrayPtr& column : columns) {
    const uint64_t bits = FixedBitWidth(*column->type);
    fixed_ += bits > 0 ? (bits + 7) / 8 : sizeof(int64_t);
    if (bits == 0) varying_.push_back(column.get());
  }
}

uint64_t RowSizes::operator[](int64_t row) const {
  uint64_t bytes = fixed_;
  for (const Array* column : varying_) bytes += VaryingBytes(*column, row);
  return bytes;
}

}  // namespace eider
