#include "eider/array/concat.h"

#include <limits>
#include <numeric>

#include "eider/array/dictionary_key.h"
#include "eider/array/equal.h"
#include "eider/array/numbered_values.h"
#include "eider/array/take.h"
#include "eider/array/types.h"
#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"

namespace eider {
namespace {

using Arrays = std::span<const ArrayPtr>;

Buffer ConcatValidity(Arrays arrays, int64_t length) {
  bool any = false;
  for (const ArrayPtr& array : arrays) any |= array->validity.present() && CountNulls(*array) > 0;
  if (!any) return {};
  BitBuilder bits;
  for (const ArrayPtr& array : arrays) {
    if (array->validity.present()) {
      bits.Append(array->validity.data(), uint64_t(array->offset), uint64_t(array->length));
    } else {
      bits.AppendFill(uint64_t(array->length), true);
    }
  }
  EIDER_ASSERT(int64_t(bits.size()) == length);
  return bits.Finish();
}

Buffer ConcatBits(Arrays arrays) {
  BitBuilder bits;
  for (const ArrayPtr& array : arrays) bits.Append(array->buffers[0].data(), uint64_t(array->offset), uint64_t(array->length));
  return bits.Finish();
}

Buffer ConcatFixed(Arrays arrays, uint64_t width, int64_t length) {
  BufferBuilder data(uint64_t(length) * width);
  for (const ArrayPtr& array : arrays) {
    data.Append(array->buffers[0].data() + uint64_t(array->offset) * width, uint64_t(array->length) * width);
  }
  return data.Finish();
}

/// Joins offsets so that they run on from 0; `visit(array, first, count)` takes over the values that each array's window
/// refers to.
template <typename Offset, typename Visit>
Buffer ConcatOffsets(Arrays arrays, int64_t length, Visit&& visit) {
  BufferBuilder builder((uint64_t(length) + 1) * sizeof(Offset));
  builder.AppendValue(Offset{0});
  uint64_t base = 0;
  for (const ArrayPtr& array : arrays) {
    if (array->length == 0) continue;
    const Offset* offsets = array->buffers[0].as<Offset>() + array->offset;
    const uint64_t first = uint64_t(offsets[0]), count = uint64_t(offsets[array->length]) - first;
    if (base + count > uint64_t(std::numeric_limits<Offset>::max())) {
      throw Invalid("concat: {} values do not fit the offsets of {}", base + count, TypeToString(*array->type));
    }
    auto* out = reinterpret_cast<Offset*>(builder.Extend(uint64_t(array->length) * sizeof(Offset)));
    for (int64_t i = 0; i < array->length; ++i) out[i] = Offset(uint64_t(offsets[i + 1]) - first + base);
    visit(*array, first, count);
    base += count;
  }
  return builder.Finish();
}

template <typename Offset>
void ConcatVariable(Arrays arrays, Array& out) {
  BufferBuilder data;
  const auto append = [&](const Array& array, uint64_t first, uint64_t count) {
    data.Append(array.buffers[1].data() + first, count);
  };
  Buffer offsets = ConcatOffsets<Offset>(arrays, out.length, append);
  out.buffers = {std::move(offsets), data.Finish()};
}

template <typename Offset>
void ConcatLists(Arrays arrays, Array& out) {
  std::vector<ArrayPtr> items;
  const auto append = [&](const Array& array, uint64_t first, uint64_t count) {
    items.push_back(SliceArray(array.children[0], int64_t(first), int64_t(count)));
  };
  out.buffers = {ConcatOffsets<Offset>(arrays, out.length, append)};
  if (items.empty()) items.push_back(SliceArray(arrays[0]->children[0], 0, 0));
  out.children = {ConcatArrays(items)};
}

void ConcatFixedSizeLists(Arrays arrays, Array& out) {
  const int64_t size = out.type->list_size;
  std::vector<ArrayPtr> items;
  for (const ArrayPtr& array : arrays) items.push_back(SliceArray(array->children[0], array->offset * size, array->length * size));
  out.children = {ConcatArrays(items)};
}

void ConcatStructs(Arrays arrays, Array& out) {
  for (size_t child = 0; child < out.type->children.size(); ++child) {
    std::vector<ArrayPtr> values;
    for (const ArrayPtr& array : arrays) values.push_back(SliceArray(array->children[child], array->offset, array->length));
    out.children.push_back(ConcatArrays(values));
  }
}

/// Views keep their data buffers; only the buffer index of long values moves.
void ConcatViews(Arrays arrays, Array& out) {
  BufferBuilder views(16 * uint64_t(out.length));
  std::vector<Buffer> variadic;
  for (const ArrayPtr& array : arrays) {
    const uint8_t* from = array->buffers[0].data() + 16 * array->offset;
    uint8_t* to = views.Extend(16 * uint64_t(array->length));
    if (array->length > 0) std::memcpy(to, from, 16 * uint64_t(array->length));
    for (int64_t i = 0; i < array->length && !variadic.empty(); ++i) {
      if (LoadLe<int32_t>(to + 16 * i) <= 12) continue;
      StoreLe<int32_t>(to + 16 * i + 8, LoadLe<int32_t>(to + 16 * i + 8) + int32_t(variadic.size()));
    }
    variadic.insert(variadic.end(), array->buffers.begin() + 1, array->buffers.end());
  }
  out.buffers = {views.Finish()};
  out.buffers.insert(out.buffers.end(), variadic.begin(), variadic.end());
}

/// The dictionary values that rows of `array` name, by first use.
std::vector<int64_t> NamedValues(const Array& array) {
  std::vector<bool> seen(uint64_t(array.dictionary->length));
  std::vector<int64_t> named;
  for (int64_t i = 0; i < array.length; ++i) {
    if (!array.IsValid(i)) continue;
    const auto key = static_cast<uint64_t>(DictionaryKey(array, i));
    if (key >= seen.size() || seen[key]) continue;
    seen[key] = true;
    named.push_back(int64_t(key));
  }
  return named;
}

/// Joins the dictionaries: their values, each once, unless the indices cannot tell so many apart: then false. Or of those that rows name.
bool UnifyDictionaries(Arrays arrays, uint64_t width, bool only_named, Array& out) {
  std::vector<int64_t> positions(uint64_t(out.length), -1), place;  // of each row, of each value of one dictionary, in `all`
  std::vector<ArrayPtr> pieces;
  const Array* placed = nullptr;
  int64_t base = 0;
  uint64_t row = 0;
  for (const ArrayPtr& array : arrays) {
    const ArrayPtr& dictionary = array->dictionary;
    if (only_named || dictionary.get() != placed) {
      place.assign(uint64_t(dictionary->length), -1);
      std::vector<int64_t> named;
      if (only_named) {
        named = NamedValues(*array);
        for (size_t i = 0; i < named.size(); ++i) place[uint64_t(named[i])] = base + int64_t(i);
      } else {
        std::iota(place.begin(), place.end(), base);
      }
      pieces.push_back(only_named ? TakeArray(dictionary, named) : dictionary);
      base += pieces.back()->length;
      placed = dictionary.get();
    }
    for (int64_t i = 0; i < array->length; ++i, ++row) {
      if (!array->IsValid(i)) continue;
      const int64_t key = DictionaryKey(*array, i);
      if (uint64_t(key) >= place.size()) throw Invalid("concat: index {} of a dictionary of {} values", key, place.size());
      positions[row] = place[uint64_t(key)];
    }
  }
  const ArrayPtr all = ConcatArrays(pieces);
  const NumberedValues values(*all);
  if (!values.kept.empty() && values.kept.size() - 1 > MaxDictionaryKey(*out.type->index_type)) {
    if (!only_named) return false;
    throw Invalid("concat: dictionary of {} values does not fit indices of {}", values.kept.size(), TypeToString(*out.type->index_type));
  }
  BufferBuilder indices(uint64_t(out.length) * width);
  for (const int64_t position : positions) {
    const uint64_t number = position < 0 ? 0 : values.numbers[uint64_t(position)];
    indices.Append(&number, width);
  }
  out.buffers = {indices.Finish()};
  out.dictionary = TakeArray(all, values.kept);
  return true;
}

/// So many dictionary values, or as many as there are rows, are compared one by one.
constexpr uint64_t kMaxUnified = 65536;

// Dictionaries that are alike stay as they are; small ones become one; of large ones what rows name does.
void ConcatDictionaries(Arrays arrays, Array& out) {
  const uint64_t width = ByteWidth(*out.type);
  const ArrayPtr& first = arrays[0]->dictionary;
  const Array *equal = first.get(), *counted = nullptr;  // the last that was found equal, and counted
  bool same = true;
  uint64_t values = 0;
  for (const ArrayPtr& array : arrays) {
    const Array* dictionary = array->dictionary.get();
    if (dictionary == counted) continue;
    counted = dictionary;
    values += uint64_t(dictionary->length);
    same = same && (dictionary == equal || ArraysEqual(*first, *dictionary));
    if (same) equal = dictionary;
  }
  if (same) {
    out.buffers = {ConcatFixed(arrays, width, out.length)};
    out.dictionary = first;
    return;
  }
  const bool is_small = values <= std::max(kMaxUnified, uint64_t(out.length));
  if (!is_small || !UnifyDictionaries(arrays, width, false, out)) UnifyDictionaries(arrays, width, true, out);
}

}  // namespace

ArrayPtr ConcatArrays(Arrays arrays) {
  if (arrays.empty()) throw Invalid("concat: no arrays");
  if (arrays.size() == 1) return arrays[0];
  auto out = std::make_shared<Array>();
  out->type = arrays[0]->type;
  for (const ArrayPtr& array : arrays) {
    if (!TypesEqual(*array->type, *out->type)) {
      throw Invalid("concat: {} after {}", TypeToString(*array->type), TypeToString(*out->type));
    }
    out->length += array->length;
  }
  const Layout layout = LayoutOf(out->type->id);
  if (layout != Layout::kNull) out->validity = ConcatValidity(arrays, out->length);
  if (layout == Layout::kNull) out->null_count = out->length;
  else if (!out->validity.present()) out->null_count = 0;
  switch (layout) {
    case Layout::kNull: break;
    case Layout::kBits: out->buffers = {ConcatBits(arrays)}; break;
    case Layout::kFixed: out->buffers = {ConcatFixed(arrays, ByteWidth(*out->type), out->length)}; break;
    case Layout::kVariable32: ConcatVariable<int32_t>(arrays, *out); break;
    case Layout::kVariable64: ConcatVariable<int64_t>(arrays, *out); break;
    case Layout::kView: ConcatViews(arrays, *out); break;
    case Layout::kList32: ConcatLists<int32_t>(arrays, *out); break;
    case Layout::kList64: ConcatLists<int64_t>(arrays, *out); break;
    case Layout::kFixedSizeList: ConcatFixedSizeLists(arrays, *out); break;
    case Layout::kStruct: ConcatStructs(arrays, *out); break;
    case Layout::kDictionary: ConcatDictionaries(arrays, *out); break;
  }
  return out;
}

}  // namespace eider
