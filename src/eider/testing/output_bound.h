#pragma once
/// \file
/// How much `rows` rows of a type may legally hold when they come of `bytes` bytes: runs of levels hold 85 items a byte, and each item
/// of a constant or a dictionary page may be any of the bytes. What a fuzz target allows for output.

#include <algorithm>

#include "eider/array/types.h"

namespace eider::testing {

inline uint64_t OutputBound(const DataType& type, uint64_t rows, uint64_t bytes) {
  constexpr uint64_t kEnough = uint64_t{1} << 32;
  const auto capped = [](uint64_t a, uint64_t b) { return b != 0 && a > kEnough / b ? kEnough : a * b; };
  switch (type.id) {
    case TypeId::kUtf8:
    case TypeId::kBinary:
    case TypeId::kLargeUtf8:
    case TypeId::kLargeBinary:
    case TypeId::kDictionary: return capped(rows, bytes + 16);
    case TypeId::kList:
    case TypeId::kLargeList:
    case TypeId::kMap: return std::min(kEnough, 9 * rows + OutputBound(*type.children[0].type, rows + 86 * bytes, bytes));
    case TypeId::kFixedSizeList:
      return std::min(kEnough, rows + OutputBound(*type.children[0].type, capped(rows, static_cast<uint64_t>(type.list_size)), bytes));
    case TypeId::kStruct: {
      uint64_t sum = rows;
      for (const Field& field : type.children) sum = std::min(kEnough, sum + OutputBound(*field.type, rows, bytes));
      return sum;
    }
    default: return capped(rows, FixedBitWidth(type) / 8 + 2);
  }
}

}  // namespace eider::testing
