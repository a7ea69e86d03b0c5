#include "eider/array/bad_text.h"

#include "eider/array/string_values.h"
#include "eider/base/utf8.h"

namespace eider {
namespace {

std::string_view TextOf(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// All values at once, nulls too: text, and no value begins within a sequence.
template <typename Offset>
bool IsAllText(const Array& array) {
  const Offset* offsets = array.buffers[0].as<Offset>() + array.offset;
  const ByteSpan bytes = array.buffers[1].span().subspan(offsets[0], offsets[array.length] - offsets[0]);
  if (!IsUtf8(TextOf(bytes))) return false;
  if (IsAscii(TextOf(bytes))) return true;
  for (int64_t i = 1; i < array.length; ++i) {
    const uint64_t at = static_cast<uint64_t>(offsets[i] - offsets[0]);
    if (at < bytes.size() && IsContinuationByte(static_cast<char>(bytes[at]))) return false;
  }
  return true;
}

std::optional<int64_t> FindInStrings(const Array& array) {
  if (array.length == 0) return std::nullopt;
  if (array.type->id == TypeId::kUtf8 && IsAllText<int32_t>(array)) return std::nullopt;
  if (array.type->id == TypeId::kLargeUtf8 && IsAllText<int64_t>(array)) return std::nullopt;
  const StringValues values(array);
  for (int64_t i = 0; i < array.length; ++i) {
    if (array.IsValid(i) && !IsUtf8(TextOf(values.At(i)))) return i;
  }
  return std::nullopt;
}

template <typename Offset>
std::optional<int64_t> FindInLists(const Array& array) {
  if (array.length == 0) return std::nullopt;
  const Offset* offsets = array.buffers[0].as<Offset>() + array.offset;
  if (!FindBadText(SliceArray(array.children[0], offsets[0], offsets[array.length] - offsets[0]))) return std::nullopt;
  for (int64_t i = 0; i < array.length; ++i) {  // what is bad may lie under a null
    if (array.IsValid(i) && FindBadText(SliceArray(array.children[0], offsets[i], offsets[i + 1] - offsets[i]))) return i;
  }
  return std::nullopt;
}

std::optional<int64_t> FindInFixedLists(const Array& array) {
  const int64_t size = array.type->list_size;
  for (int64_t i = 0; i < array.length; ++i) {
    if (array.IsValid(i) && FindBadText(SliceArray(array.children[0], (array.offset + i) * size, size))) return i;
  }
  return std::nullopt;
}

/// A bad value counts where a key names it.
std::optional<int64_t> FindInDictionary(const ArrayPtr& array) {
  const Array& items = *array->dictionary;
  if (!FindBadText(array->dictionary)) return std::nullopt;
  for (int64_t i = 0; i < array->length; ++i) {
    if (!array->IsValid(i)) continue;
    const uint64_t width = FixedBitWidth(*array->type->index_type) / 8;
    uint64_t key = 0;
    std::memcpy(&key, array->buffers[0].data() + (array->offset + i) * width, width);
    if (key < uint64_t(items.length) && items.IsValid(int64_t(key)) && FindBadText(SliceArray(array->dictionary, int64_t(key), 1))) return i;
  }
  return std::nullopt;
}

bool HasStrings(const DataType& type) {
  if (type.id == TypeId::kUtf8 || type.id == TypeId::kLargeUtf8 || type.id == TypeId::kUtf8View) return true;
  if (type.id == TypeId::kDictionary) return HasStrings(*type.value_type);
  for (const Field& child : type.children) {
    if (HasStrings(*child.type)) return true;
  }
  return false;
}

}  // namespace

std::optional<int64_t> FindBadText(const ArrayPtr& array) {
  if (!HasStrings(*array->type)) return std::nullopt;
  switch (array->type->id) {
    case TypeId::kDictionary: return FindInDictionary(array);
    case TypeId::kList:
    case TypeId::kMap: return FindInLists<int32_t>(*array);
    case TypeId::kLargeList: return FindInLists<int64_t>(*array);
    case TypeId::kFixedSizeList: return FindInFixedLists(*array);
    case TypeId::kStruct: break;
    default: return FindInStrings(*array);
  }
  std::optional<int64_t> first;
  for (size_t c = 0; c < array->children.size(); ++c) {
    const std::optional<int64_t> found = FindBadText(StructChild(*array, c));
    if (found && (!first || *found < *first)) first = found;
  }
  return first;
}

}  // namespace eider
