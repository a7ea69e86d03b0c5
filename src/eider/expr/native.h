#pragma once
/// \file
/// From a type to the C++ type that its values are stored as.

#include <eider/array.h>

#include "eider/base/error.h"
#include "eider/expr/column.h"

namespace eider::expr {

inline bool IsSigned(TypeId id) { return id >= TypeId::kInt8 && id <= TypeId::kInt64; }
inline bool IsUnsigned(TypeId id) { return id >= TypeId::kUInt8 && id <= TypeId::kUInt64; }
inline bool IsWhole(TypeId id) { return IsSigned(id) || IsUnsigned(id); }
inline bool IsFloat(TypeId id) { return id == TypeId::kHalfFloat || id == TypeId::kFloat || id == TypeId::kDouble; }
inline bool IsDecimal(TypeId id) { return id == TypeId::kDecimal128 || id == TypeId::kDecimal256; }
inline bool IsNumber(TypeId id) { return IsWhole(id) || IsFloat(id) || IsDecimal(id); }
inline bool IsText(TypeId id) { return id == TypeId::kUtf8 || id == TypeId::kLargeUtf8 || id == TypeId::kUtf8View; }
inline bool IsBytes(TypeId id) {
  return id == TypeId::kBinary || id == TypeId::kLargeBinary || id == TypeId::kBinaryView || id == TypeId::kFixedSizeBinary;
}
inline bool IsDate(TypeId id) { return id == TypeId::kDate32 || id == TypeId::kDate64; }
inline bool IsTime(TypeId id) { return id == TypeId::kTime32 || id == TypeId::kTime64; }
inline bool IsList(TypeId id) { return id == TypeId::kList || id == TypeId::kLargeList || id == TypeId::kFixedSizeList; }

/// A 256-bit integer, two's complement, as decimal256 has it.
struct Int256 {
  uint64_t limbs[4];  ///< least significant first
  friend bool operator==(const Int256&, const Int256&) = default;
  friend bool operator<(const Int256& a, const Int256& b) {
    if (a.limbs[3] != b.limbs[3]) return int64_t(a.limbs[3]) < int64_t(b.limbs[3]);
    for (int i = 2; i >= 0; --i) {
      if (a.limbs[i] != b.limbs[i]) return a.limbs[i] < b.limbs[i];
    }
    return false;
  }
};

/// visit(T{}) for integers and floats only.
template <typename Visit>
auto VisitNumber(TypeId id, Visit&& visit) {
  switch (id) {
    case TypeId::kInt8: return visit(int8_t{});
    case TypeId::kInt16: return visit(int16_t{});
    case TypeId::kInt32: return visit(int32_t{});
    case TypeId::kInt64: return visit(int64_t{});
    case TypeId::kUInt8: return visit(uint8_t{});
    case TypeId::kUInt16: return visit(uint16_t{});
    case TypeId::kUInt32: return visit(uint32_t{});
    case TypeId::kUInt64: return visit(uint64_t{});
    case TypeId::kFloat: return visit(float{});
    case TypeId::kDouble: return visit(double{});
    default: throw Unsupported("values of type id {} are no numbers", int(id));
  }
}

/// visit(T{}) with the type of stored values: integers, float, double, Int128, Int256; dates and times are integers.
template <typename Visit>
auto VisitNative(TypeId id, Visit&& visit) {
  switch (id) {
    case TypeId::kDate32:
    case TypeId::kTime32: return visit(int32_t{});
    case TypeId::kDate64:
    case TypeId::kTime64:
    case TypeId::kTimestamp:
    case TypeId::kDuration: return visit(int64_t{});
    case TypeId::kDecimal128: return visit(Int128{});
    case TypeId::kDecimal256: return visit(Int256{});
    default: return VisitNumber(id, visit);
  }
}
inline bool IsNative(TypeId id) {
  return IsWhole(id) || id == TypeId::kFloat || id == TypeId::kDouble || IsDecimal(id) || IsDate(id) || IsTime(id) ||
         id == TypeId::kTimestamp || id == TypeId::kDuration;
}

}  // namespace eider::expr
