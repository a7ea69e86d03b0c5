#include "eider/array/equal.h"

#include "eider/array/dictionary_key.h"
#include "eider/array/types.h"
#include "eider/base/bytes.h"
#include "eider/base/error.h"

namespace eider {
namespace {

bool Differ(std::string* difference, std::string text) {
  if (difference) *difference = std::move(text);
  return false;
}

/// Bytes of a variable-width or view value.
ByteSpan ValueBytes(const Array& array, int64_t i) {
  const int64_t at = array.offset + i;
  switch (LayoutOf(array.type->id)) {
    case Layout::kVariable32: {
      const int32_t* offsets = array.buffers[0].as<int32_t>() + at;
      return {array.buffers[1].data() + offsets[0], size_t(offsets[1] - offsets[0])};
    }
    case Layout::kVariable64: {
      const int64_t* offsets = array.buffers[0].as<int64_t>() + at;
      return {array.buffers[1].data() + offsets[0], size_t(offsets[1] - offsets[0])};
    }
    case Layout::kView: {
      const uint8_t* view = array.buffers[0].data() + 16 * at;
      const int32_t size = LoadLe<int32_t>(view);
      if (size <= 12) return {view + 4, size_t(size)};
      return array.buffers.at(1 + size_t(LoadLe<int32_t>(view + 8))).span().subspan(LoadLe<uint32_t>(view + 12), size_t(size));
    }
    default: {
      const uint64_t width = ByteWidth(*array.type);
      return {array.buffers[0].data() + uint64_t(at) * width, width};
    }
  }
}

std::pair<int64_t, int64_t> ItemRange(const Array& array, int64_t i) {
  const int64_t at = array.offset + i;
  switch (LayoutOf(array.type->id)) {
    case Layout::kList32: return {array.buffers[0].as<int32_t>()[at], array.buffers[0].as<int32_t>()[at + 1]};
    case Layout::kList64: return {array.buffers[0].as<int64_t>()[at], array.buffers[0].as<int64_t>()[at + 1]};
    default: return {at * array.type->list_size, (at + 1) * array.type->list_size};
  }
}

bool ItemsEqual(const Array& a, int64_t i, const Array& b, int64_t j, std::string* difference) {
  const auto [first_a, end_a] = ItemRange(a, i);
  const auto [first_b, end_b] = ItemRange(b, j);
  if (end_a - first_a != end_b - first_b) {
    return Differ(difference, fmt::format(": {} items against {}", end_a - first_a, end_b - first_b));
  }
  for (int64_t k = 0; k < end_a - first_a; ++k) {
    if (ValuesEqual(*a.children[0], first_a + k, *b.children[0], first_b + k, difference)) continue;
    if (difference) *difference = fmt::format("[{}]{}", k, *difference);
    return false;
  }
  return true;
}

bool FieldsEqual(const Array& a, int64_t i, const Array& b, int64_t j, std::string* difference) {
  for (size_t k = 0; k < a.children.size(); ++k) {
    if (ValuesEqual(*a.children[k], a.offset + i, *b.children[k], b.offset + j, difference)) continue;
    if (difference) *difference = fmt::format(".{}{}", a.type->children[k].name, *difference);
    return false;
  }
  return true;
}

int64_t KeyWithin(const Array& array, int64_t i) {
  const int64_t key = DictionaryKey(array, i);
  if (key < 0 || key >= array.dictionary->length) throw Invalid("key {} of a dictionary of {} values", key, array.dictionary->length);
  return key;
}

}  // namespace

bool ValuesEqual(const Array& a, int64_t i, const Array& b, int64_t j, std::string* difference) {
  const bool valid = a.IsValid(i);
  if (valid != b.IsValid(j)) return Differ(difference, valid ? ": valid against null" : ": null against valid");
  if (!valid) return true;
  switch (LayoutOf(a.type->id)) {
    case Layout::kNull: return true;
    case Layout::kBits:
      if (GetBit(a.buffers[0].data(), uint64_t(a.offset + i)) == GetBit(b.buffers[0].data(), uint64_t(b.offset + j))) return true;
      return Differ(difference, ": booleans differ");
    case Layout::kFixed: case Layout::kVariable32: case Layout::kVariable64: case Layout::kView: {
      const ByteSpan x = ValueBytes(a, i), y = ValueBytes(b, j);
      if (x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size()) == 0)) return true;
      return Differ(difference, fmt::format(": {} bytes against {}, or other bytes", x.size(), y.size()));
    }
    case Layout::kList32: case Layout::kList64: case Layout::kFixedSizeList: return ItemsEqual(a, i, b, j, difference);
    case Layout::kStruct: return FieldsEqual(a, i, b, j, difference);
    case Layout::kDictionary:
      return ValuesEqual(*a.dictionary, KeyWithin(a, i), *b.dictionary, KeyWithin(b, j), difference);
  }
  return false;
}

bool ArraysEqual(const Array& a, const Array& b, std::string* difference) {
  if (!TypesEqual(*a.type, *b.type)) {
    return Differ(difference, fmt::format("type {} against {}", TypeToString(*a.type), TypeToString(*b.type)));
  }
  if (a.length != b.length) return Differ(difference, fmt::format("{} values against {}", a.length, b.length));
  for (int64_t i = 0; i < a.length; ++i) {
    if (ValuesEqual(a, i, b, i, difference)) continue;
    if (difference) *difference = fmt::format("[{}]{}", i, *difference);
    return false;
  }
  return true;
}

}  // namespace eider
