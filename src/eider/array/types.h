#pragma once
/// \file
/// Makers of parametric types, and the physical layout behind each type.

#include <eider/array.h>

namespace eider {

/// How an array's buffers and children hold its values.
enum class Layout : uint8_t {
  kNull,           ///< nothing
  kBits,           ///< {bits}
  kFixed,          ///< {data}, ByteWidth() each
  kVariable32,     ///< {int32 offsets, data}
  kVariable64,     ///< {int64 offsets, data}
  kView,           ///< {16-byte views, variadic data...}
  kList32,         ///< {int32 offsets}, 1 child; maps too
  kList64,         ///< {int64 offsets}, 1 child
  kFixedSizeList,  ///< {}, 1 child
  kStruct,         ///< {}, n children
  kDictionary,     ///< {indices}, dictionary
};
Layout LayoutOf(TypeId id);
/// Bytes of one value in buffers[0] of a kFixed or kDictionary (its index) or kView type.
uint64_t ByteWidth(const DataType& type);
bool IsInteger(TypeId id);

TypePtr DecimalType(TypeId id, int32_t precision, int32_t scale);
TypePtr TimeType(TypeId id, TimeUnit unit);  ///< time32, time64, duration
TypePtr TimestampType(TimeUnit unit, std::string timezone = "");
TypePtr FixedSizeBinaryType(int32_t byte_width);
TypePtr FixedSizeListType(Field item, int32_t list_size);
TypePtr ListType(Field item);
TypePtr LargeListType(Field item);
TypePtr StructType(std::vector<Field> fields);
/// Key and value become "key" (not null) and "value" of the non-null "entries" struct.
TypePtr MapType(TypePtr key, TypePtr value, bool keys_sorted = false);
TypePtr DictionaryType(TypePtr index, TypePtr value, bool ordered = false);

}  // namespace eider
