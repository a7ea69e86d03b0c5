#pragma once
/// \file
/// Walks arrays that came of hostile bytes: whatever their values, offsets never fall and stay within their child or their bytes, and
/// buffers are long enough. A sanitizer sees every byte touched.

#include <cstring>
#include <stdexcept>

#include "eider/array/types.h"

namespace eider::testing {

inline void RequireArray(bool holds) {
  if (!holds) throw std::logic_error("an array is not safe to walk");
}

/// Reads every byte, so that a sanitizer sees what the array points to.
inline uint64_t Touch(const uint8_t* data, uint64_t size) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < size; ++i) sum += data[i];
  return sum;
}

/// Offsets of variable-width values or lists: never falling, and within `limit`.
template <typename T>
void CheckOffsets(const Array& array, const Buffer& buffer, uint64_t limit) {
  if (array.length == 0) return;
  RequireArray(buffer.size() >= (array.offset + array.length + 1) * sizeof(T));
  const uint8_t* base = buffer.data() + array.offset * sizeof(T);
  T last = 0;
  for (int64_t i = 0; i <= array.length; ++i) {
    T value;
    std::memcpy(&value, base + i * sizeof(T), sizeof(T));
    RequireArray(value >= last && static_cast<uint64_t>(value) <= limit);
    last = value;
  }
}

inline uint64_t ChildLength(const Array& array) {
  RequireArray(array.children.size() == 1 && array.children[0] != nullptr);
  return static_cast<uint64_t>(array.children[0]->length);
}

inline void WalkArray(const Array& array);

inline void WalkBuffers(const Array& array) {
  const uint64_t end = static_cast<uint64_t>(array.offset + array.length);
  switch (array.type->id) {
    case TypeId::kUtf8:
    case TypeId::kBinary:
      CheckOffsets<int32_t>(array, array.buffers.at(0), array.buffers.at(1).size());
      Touch(array.buffers[1].data(), array.buffers[1].size());
      return;
    case TypeId::kLargeUtf8:
    case TypeId::kLargeBinary:
      CheckOffsets<int64_t>(array, array.buffers.at(0), array.buffers.at(1).size());
      Touch(array.buffers[1].data(), array.buffers[1].size());
      return;
    case TypeId::kList:
    case TypeId::kMap: CheckOffsets<int32_t>(array, array.buffers.at(0), ChildLength(array)); return;
    case TypeId::kLargeList: CheckOffsets<int64_t>(array, array.buffers.at(0), ChildLength(array)); return;
    case TypeId::kFixedSizeList: RequireArray(ChildLength(array) >= end * static_cast<uint64_t>(array.type->list_size)); return;
    case TypeId::kStruct:
      for (const auto& child : array.children) RequireArray(static_cast<uint64_t>(child->length) >= end);
      return;
    case TypeId::kNull: return;
    default: break;
  }
  const DataType& stored = array.type->id == TypeId::kDictionary ? *array.type->index_type : *array.type;
  const uint64_t needed = (end * FixedBitWidth(stored) + 7) / 8;
  RequireArray(array.buffers.at(0).size() >= needed);
  Touch(array.buffers[0].data(), needed);
}

/// Reads all that `array` points to. \throws std::logic_error
inline void WalkArray(const Array& array) {
  RequireArray(array.length >= 0 && array.offset >= 0);
  if (array.validity.present()) {
    const uint64_t needed = static_cast<uint64_t>(array.offset + array.length + 7) / 8;
    RequireArray(array.validity.size() >= needed);
    Touch(array.validity.data(), needed);
  }
  WalkBuffers(array);
  for (const auto& child : array.children) WalkArray(*child);
  if (array.dictionary != nullptr) WalkArray(*array.dictionary);
}

}  // namespace eider::testing
