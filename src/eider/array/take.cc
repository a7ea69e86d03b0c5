#include "eider/array/take.h"

#include <limits>

#include "eider/array/dictionary_key.h"
#include "eider/array/types.h"
#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"

namespace eider {
namespace {

using Indices = std::span<const int64_t>;

void CheckIndices(const Array& array, Indices indices, bool* any_null) {
  for (const int64_t i : indices) {
    if (i >= array.length) throw Invalid("take: index {} of an array of {} values", i, array.length);
    *any_null |= i < 0;
  }
}

Buffer TakeValidity(const Array& array, Indices indices, bool any_null) {
  if (!any_null && !array.validity.present()) return {};
  BitBuilder bits;
  bits.AppendFill(indices.size(), false);
  bool all_valid = true;
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] >= 0 && array.IsValid(indices[i])) {
      SetBit(bits.data(), i);
    } else {
      all_valid = false;
    }
  }
  return all_valid ? Buffer() : bits.Finish();
}

Buffer TakeBits(const Array& array, Indices indices) {
  BitBuilder bits;
  bits.AppendFill(indices.size(), false);
  const uint8_t* from = array.buffers[0].data();
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] >= 0 && GetBit(from, uint64_t(array.offset + indices[i]))) SetBit(bits.data(), i);
  }
  return bits.Finish();
}

template <typename T>
void GatherWords(const uint8_t* from, Indices indices, uint8_t* to) {
  for (size_t i = 0; i < indices.size(); ++i) {
    StoreLe<T>(to + i * sizeof(T), indices[i] < 0 ? T{} : LoadLe<T>(from + uint64_t(indices[i]) * sizeof(T)));
  }
}

Buffer TakeFixed(const uint8_t* from, Indices indices, uint64_t width) {
  BufferBuilder data(CheckedMul(indices.size(), width, "take"));
  data.Resize(indices.size() * width);
  switch (width) {
    case 1: GatherWords<uint8_t>(from, indices, data.data()); break;
    case 2: GatherWords<uint16_t>(from, indices, data.data()); break;
    case 4: GatherWords<uint32_t>(from, indices, data.data()); break;
    case 8: GatherWords<uint64_t>(from, indices, data.data()); break;
    default:
      for (size_t i = 0; i < indices.size() && width > 0; ++i) {
        uint8_t* to = data.data() + i * width;
        if (indices[i] < 0) std::memset(to, 0, width);
        else std::memcpy(to, from + uint64_t(indices[i]) * width, width);
      }
  }
  return data.Finish();
}

Buffer TakeFixed(const Array& array, Indices indices, uint64_t width) {
  return TakeFixed(array.buffers[0].data() + uint64_t(array.offset) * width, indices, width);
}

/// Offsets of the picked values, which lie back to back from 0.
template <typename Offset>
Buffer TakeOffsets(const Array& array, Indices indices) {
  BufferBuilder builder((indices.size() + 1) * sizeof(Offset));
  builder.AppendValue(Offset{0});
  const Offset* offsets = array.buffers[0].as<Offset>() + array.offset;
  uint64_t end = 0;
  for (const int64_t i : indices) {
    if (i >= 0 && array.IsValid(i)) end += uint64_t(offsets[i + 1]) - uint64_t(offsets[i]);
    if (end > uint64_t(std::numeric_limits<Offset>::max())) {
      throw Invalid("take: {} values do not fit the offsets of {}", end, TypeToString(*array.type));
    }
    builder.AppendValue(Offset(end));
  }
  return builder.Finish();
}

template <typename Offset>
void TakeVariable(const Array& array, Indices indices, Array& out) {
  Buffer taken = TakeOffsets<Offset>(array, indices);
  const Offset* to = taken.as<Offset>();
  const Offset* from = array.buffers[0].as<Offset>() + array.offset;
  BufferBuilder data{size_t(to[indices.size()])};
  for (size_t i = 0; i < indices.size(); ++i) {
    if (to[i + 1] > to[i]) data.Append(array.buffers[1].data() + from[indices[i]], size_t(to[i + 1] - to[i]));
  }
  out.buffers = {std::move(taken), data.Finish()};
}

template <typename Offset>
void TakeLists(const Array& array, Indices indices, Array& out) {
  Buffer taken = TakeOffsets<Offset>(array, indices);
  const Offset* to = taken.as<Offset>();
  const Offset* from = array.buffers[0].as<Offset>() + array.offset;
  std::vector<int64_t> items;
  items.reserve(size_t(to[indices.size()]));
  for (size_t i = 0; i < indices.size(); ++i) {
    for (Offset k = 0; k < to[i + 1] - to[i]; ++k) items.push_back(int64_t(from[indices[i]]) + k);
  }
  out.buffers = {std::move(taken)};
  out.children = {TakeArray(array.children[0], items)};
}

/// Lists of plain items are values of some bytes each.
ArrayPtr TakePlainItems(const Array& array, Indices indices) {
  const Array& items = *array.children[0];
  const auto size = uint64_t(array.type->list_size), width = ByteWidth(*items.type);
  auto out = std::make_shared<Array>();
  out->type = items.type;
  out->length = int64_t(CheckedMul(indices.size(), size, "take"));
  out->null_count = 0;
  out->buffers = {TakeFixed(items.buffers[0].data() + (uint64_t(items.offset) + uint64_t(array.offset) * size) * width, indices, size * width)};
  return out;
}

void TakeFixedSizeLists(const Array& array, Indices indices, bool any_null, Array& out) {
  const int64_t size = array.type->list_size;
  const Array& child = *array.children[0];
  if (!any_null && LayoutOf(child.type->id) == Layout::kFixed && !child.validity.present()) {
    out.children = {TakePlainItems(array, indices)};
    return;
  }
  std::vector<int64_t> items;
  items.reserve(CheckedMul(indices.size(), uint64_t(size), "take"));
  for (const int64_t i : indices) {
    for (int64_t k = 0; k < size; ++k) items.push_back(i < 0 ? -1 : (array.offset + i) * size + k);
  }
  out.children = {TakeArray(array.children[0], items)};
}

void TakeStructs(const Array& array, Indices indices, Array& out) {
  std::vector<int64_t> shifted(indices.begin(), indices.end());
  for (int64_t& i : shifted) i += i < 0 ? 0 : array.offset;
  for (const ArrayPtr& child : array.children) out.children.push_back(TakeArray(child, shifted));
}

}  // namespace

ArrayPtr TakeArray(const ArrayPtr& array, Indices indices) {
  bool any_null = false;
  CheckIndices(*array, indices, &any_null);
  auto out = std::make_shared<Array>();
  out->type = array->type;
  out->length = int64_t(indices.size());
  const Layout layout = LayoutOf(array->type->id);
  if (layout != Layout::kNull) out->validity = TakeValidity(*array, indices, any_null);
  if (layout == Layout::kNull) out->null_count = out->length;
  else if (!out->validity.present()) out->null_count = 0;
  switch (layout) {
    case Layout::kNull: break;
    case Layout::kBits: out->buffers = {TakeBits(*array, indices)}; break;
    case Layout::kFixed: out->buffers = {TakeFixed(*array, indices, ByteWidth(*array->type))}; break;
    case Layout::kVariable32: TakeVariable<int32_t>(*array, indices, *out); break;
    case Layout::kVariable64: TakeVariable<int64_t>(*array, indices, *out); break;
    case Layout::kView:
      out->buffers = array->buffers;
      out->buffers[0] = TakeFixed(*array, indices, 16);
      break;
    case Layout::kList32: TakeLists<int32_t>(*array, indices, *out); break;
    case Layout::kList64: TakeLists<int64_t>(*array, indices, *out); break;
    case Layout::kFixedSizeList: TakeFixedSizeLists(*array, indices, any_null, *out); break;
    case Layout::kStruct: TakeStructs(*array, indices, *out); break;
    case Layout::kDictionary:
      out->buffers = {TakeFixed(*array, indices, ByteWidth(*array->type))};
      out->dictionary = array->dictionary;
      break;
  }
  return out;
}

RecordBatch TakeBatch(const RecordBatch& batch, std::span<const int64_t> rows) {
  RecordBatch taken{.schema = batch.schema, .num_rows = static_cast<int64_t>(rows.size()), .columns = {}};
  for (const ArrayPtr& column : batch.columns) taken.columns.push_back(TakeArray(column, rows));
  return taken;
}

ArrayPtr DecodeDictionary(const Array& array) {
  std::vector<int64_t> keys(static_cast<size_t>(array.length));
  for (int64_t i = 0; i < array.length; ++i) keys[static_cast<size_t>(i)] = array.IsValid(i) ? DictionaryKey(array, i) : -1;
  return TakeArray(array.dictionary, keys);
}

}  // namespace eider
