#pragma once
/// \file
/// The keys of dictionary arrays, whatever their type.

#include <eider/array.h>

#include "eider/base/bytes.h"
#include "eider/base/memory.h"

namespace eider {

/// Key `i` of a dictionary array, which may lie outside the dictionary; under a null anything. A key of 64 bits that has no place in
/// int64 is negative.
inline int64_t DictionaryKey(const Array& array, int64_t i) {
  const uint8_t* keys = array.buffers[0].data();
  const int64_t at = array.offset + i;
  switch (array.type->index_type->id) {
    case TypeId::kInt8: return LoadLe<int8_t>(keys + at);
    case TypeId::kUInt8: return keys[at];
    case TypeId::kInt16: return LoadLe<int16_t>(keys + 2 * at);
    case TypeId::kUInt16: return LoadLe<uint16_t>(keys + 2 * at);
    case TypeId::kInt32: return LoadLe<int32_t>(keys + 4 * at);
    case TypeId::kUInt32: return LoadLe<uint32_t>(keys + 4 * at);
    default: return LoadLe<int64_t>(keys + 8 * at);
  }
}

/// The largest key that fits the keys' type and, of 64 bits, int64.
inline uint64_t MaxDictionaryKey(const DataType& index_type) {
  switch (index_type.id) {
    case TypeId::kInt8: return INT8_MAX;
    case TypeId::kUInt8: return UINT8_MAX;
    case TypeId::kInt16: return INT16_MAX;
    case TypeId::kUInt16: return UINT16_MAX;
    case TypeId::kInt32: return INT32_MAX;
    case TypeId::kUInt32: return UINT32_MAX;
    default: return INT64_MAX;
  }
}

/// Rows whose key stands for a null become null themselves: who asks for nulls looks at the keys alone. \pre keys lie inside the dictionary
inline void SpreadNullValues(Array* array) {
  const Array& values = *array->dictionary;
  if (!values.validity.present()) return;
  BitBuilder validity;
  validity.Reserve(uint64_t(array->offset + array->length));
  validity.AppendFill(uint64_t(array->offset), true);
  for (int64_t i = 0; i < array->length; ++i) validity.AppendBit(array->IsValid(i) && values.IsValid(DictionaryKey(*array, i)));
  array->validity = validity.Finish();
  array->null_count = -1;
}

}  // namespace eider
