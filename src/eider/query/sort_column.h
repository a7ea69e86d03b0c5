#pragma once
/// \file
/// A key column of some rows as bytes that compare as the rows are to be ordered:
///
///     rank    1 byte     nulls before (0) or after (2) values (1)
///     value              of a row that has one; big-endian, sign and order such that memcmp compares; descending: inverted.
///                        Text and binary end with 00 00, a 00 within them is followed by FF; nested values are such bytes
///                        (nested_keys.h).

#include <eider/array.h>
#include <eider/scan_options.h>

#include <algorithm>
#include <span>

#include "eider/base/bytes.h"
#include "eider/base/memory.h"

namespace eider::query {

/// Eight bytes of a key, as a number of the same order.
inline uint64_t LoadBigEndian(const uint8_t* bytes) { return __builtin_bswap64(LoadLe<uint64_t>(bytes)); }

/// A word of which the first bytes have all bits.
constexpr uint64_t TopBytes(size_t bytes) { return bytes == 0 ? 0 : ~uint64_t{0} << (64 - 8 * std::min<size_t>(bytes, 8)); }

class SortColumn {
 public:
  SortColumn(ArrayPtr array, const SortKey& key);

  uint8_t rank(int64_t row) const { return array_->IsValid(row) ? 1 : null_rank_; }
  bool has_nulls() const { return has_nulls_; }
  uint8_t null_rank() const { return null_rank_; }
  /// The first 8 bytes of the values of rows [first, first + out.size()), zeros where there are fewer; zero for nulls.
  void Words(int64_t first, std::span<uint64_t> out) const;
  /// Bytes of a value when all have as many and words hold them; else 0.
  size_t narrow_bytes() const { return narrow_bytes_; }
  /// Rank and value of a row. `word`: what Words() says of it.
  void AppendTo(int64_t row, uint64_t word, BufferBuilder& out) const;

 private:
  void FillWords(int64_t first, std::span<uint64_t> out) const;
  void AppendWide(int64_t row, BufferBuilder& out) const;

  const ArrayPtr array_;
  const bool ascending_;
  const uint8_t null_rank_;
  bool has_nulls_ = false;
  size_t narrow_bytes_ = 0;
};

}  // namespace eider::query
