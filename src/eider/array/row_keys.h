#pragma once
/// \file
/// Rows as bytes: two rows are equal exactly when their bytes are. Nulls are equal.
///
///     null       0
///     value      1, then by type: fixed width as it is; text and binary a u64 length and the bytes; a list the number of its items (u64)
///                and the items; a struct its fields

#include <eider/array.h>

#include <span>
#include <vector>

#include "eider/base/memory.h"

namespace eider {

/// When floats are equal: as numbers, where all NaN are equal and so are both zeros, or when their bits are.
enum class FloatKeys : uint8_t { kNumbers, kBits };

class RowKeys {
 public:
  RowKeys(std::span<const ArrayPtr> columns, int64_t num_rows, FloatKeys floats = FloatKeys::kNumbers);
  ByteSpan At(int64_t row) const { return Range(row, row + 1); }
  /// The bytes of rows [first, end).
  ByteSpan Range(int64_t first, int64_t end) const {
    const uint64_t begin = starts_[static_cast<size_t>(first)];
    return bytes_.span().subspan(begin, starts_[static_cast<size_t>(end)] - begin);
  }

 private:
  BufferBuilder bytes_;
  std::vector<uint64_t> starts_;
};

}  // namespace eider
