#include <eider/array.h>

#include "eider/array/types.h"
#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"

namespace eider {

int64_t CountNulls(const Array& array) {
  if (array.type->id == TypeId::kNull) return array.length;
  if (!array.validity.present()) return 0;
  if (array.null_count >= 0) return array.null_count;
  return array.length - int64_t(CountBits(array.validity.data(), uint64_t(array.offset), uint64_t(array.length)));
}

ArrayPtr SliceArray(const ArrayPtr& array, int64_t offset, int64_t length) {
  if (offset < 0 || length < 0 || offset > array->length || length > array->length - offset) {
    throw Invalid("slice: [{}, +{}) of an array of {} values", offset, length, array->length);
  }
  if (offset == 0 && length == array->length) return array;
  auto slice = std::make_shared<Array>(*array);
  slice->offset += offset;
  slice->length = length;
  // All valid or all null stays so; anything else is counted when asked for.
  if (array->null_count == array->length) {
    slice->null_count = length;
  } else if (array->null_count != 0) {
    slice->null_count = -1;
  }
  return slice;
}

ArrayPtr StructChild(const Array& parent, size_t index) {
  const ArrayPtr child = SliceArray(parent.children.at(index), parent.offset, parent.length);
  if (child->type->id == TypeId::kNull || CountNulls(parent) == 0) return child;
  const uint64_t first = uint64_t(child->offset), length = uint64_t(child->length);
  BitBuilder bits;  // in the child's positions, whose buffers stay
  bits.AppendFill(first, true);
  bits.Append(parent.validity.data(), uint64_t(parent.offset), length);
  for (uint64_t i = first; child->validity.present() && i < first + length; ++i) {
    if (!GetBit(child->validity.data(), i)) ClearBit(bits.data(), i);
  }
  auto out = std::make_shared<Array>(*child);
  out->validity = bits.Finish();
  out->null_count = -1;
  return out;
}

namespace {

template <typename Offset>
std::pair<uint64_t, uint64_t> OffsetWindow(const Array& array) {
  if (array.length == 0) return {0, 0};
  const Offset* offsets = array.buffers.at(0).as<Offset>() + array.offset;
  return {uint64_t(offsets[0]), uint64_t(offsets[array.length] - offsets[0])};
}

uint64_t WindowBytes(const Array& array, uint64_t first, uint64_t count) {
  const uint64_t end = uint64_t(array.length);
  if (first > end || count > end - first) return 0;
  Array window = array;
  window.offset += int64_t(first);
  window.length = int64_t(count);
  return ArrayBytes(window);
}

uint64_t ViewBytes(const Array& array) {
  uint64_t bytes = 16 * uint64_t(array.length);
  const uint8_t* views = array.buffers.at(0).data() + 16 * array.offset;
  for (int64_t i = 0; i < array.length; ++i) {
    const int32_t size = LoadLe<int32_t>(views + 16 * i);
    if (size > 12 && array.IsValid(i)) bytes += uint64_t(size);
  }
  return bytes;
}

}  // namespace

uint64_t ArrayBytes(const Array& array) {
  const uint64_t length = uint64_t(array.length), offset = uint64_t(array.offset);
  uint64_t bytes = array.validity.present() ? BytesForBits(length) : 0;
  switch (LayoutOf(array.type->id)) {
    case Layout::kNull: return bytes;
    case Layout::kBits: return bytes + BytesForBits(length);
    case Layout::kFixed: return bytes + length * ByteWidth(*array.type);
    case Layout::kVariable32: return bytes + 4 * length + OffsetWindow<int32_t>(array).second;
    case Layout::kVariable64: return bytes + 8 * length + OffsetWindow<int64_t>(array).second;
    case Layout::kView: return bytes + ViewBytes(array);
    case Layout::kList32: {
      const auto [first, count] = OffsetWindow<int32_t>(array);
      return bytes + 4 * length + WindowBytes(*array.children.at(0), first, count);
    }
    case Layout::kList64: {
      const auto [first, count] = OffsetWindow<int64_t>(array);
      return bytes + 8 * length + WindowBytes(*array.children.at(0), first, count);
    }
    case Layout::kFixedSizeList: {
      const uint64_t size = uint64_t(array.type->list_size);
      return bytes + WindowBytes(*array.children.at(0), offset * size, length * size);
    }
    case Layout::kStruct:
      for (const ArrayPtr& child : array.children) bytes += WindowBytes(*child, offset, length);
      return bytes;
    case Layout::kDictionary: return bytes + length * ByteWidth(*array.type) + ArrayBytes(*array.dictionary);
  }
  return bytes;
}

uint64_t BatchBytes(const RecordBatch& batch) {
  uint64_t bytes = 0;
  for (const ArrayPtr& column : batch.columns) bytes += ArrayBytes(*column);
  return bytes;
}

RecordBatch SliceBatch(const RecordBatch& batch, int64_t first, int64_t count) {
  RecordBatch slice{.schema = batch.schema, .num_rows = count, .columns = {}};
  slice.columns.reserve(batch.columns.size());
  for (const ArrayPtr& column : batch.columns) slice.columns.push_back(SliceArray(column, first, count));
  return slice;
}

namespace {

class VectorReader final : public RecordBatchReader {
 public:
  VectorReader(SchemaPtr schema, std::vector<RecordBatch> batches) : schema_(std::move(schema)), batches_(std::move(batches)) {}
  const SchemaPtr& schema() const override { return schema_; }
  std::optional<RecordBatch> Next() override {
    if (next_ == batches_.size()) return std::nullopt;
    return std::move(batches_[next_++]);
  }

 private:
  SchemaPtr schema_;
  std::vector<RecordBatch> batches_;
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<RecordBatchReader> MakeBatchReader(SchemaPtr schema, std::vector<RecordBatch> batches) {
  return std::make_unique<VectorReader>(std::move(schema), std::move(batches));
}

}  // namespace eider
