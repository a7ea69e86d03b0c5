#pragma once
/// \file
/// The rows of a batch as keys of a set: a number, a text, or, of anything else, the bytes of array/row_keys.h. Numbers and texts are looked at
/// where they lie; a dictionary is hashed by its values.

#include <eider/array.h>

#include <memory>
#include <span>
#include <vector>

#include "eider/array/string_values.h"
#include "eider/array/row_keys.h"

namespace eider::reduce {

enum class KeyForm : uint8_t {
  kWords,  ///< one column whose values take 8 bytes at most
  kTexts,  ///< one column of text or binary
  kRows,
};
/// Of rows with these columns.
KeyForm KeyFormOf(std::span<const TypePtr> types);

inline uint64_t HashWord(uint64_t word) {
  const auto product = static_cast<unsigned __int128>(word ^ 0x9E3779B97F4A7C15) * 0xD6E8FEB86659FD93;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

class BatchKeys {
 public:
  BatchKeys(std::span<const ArrayPtr> columns, int64_t num_rows);

  size_t size() const { return num_rows_; }
  /// Rows without most of those that equal an earlier one of the batch, ascending. Only they have hashes.
  std::span<const uint32_t> firsts() const { return firsts_; }
  uint64_t hash(size_t row) const { return hashes_[row]; }
  /// A null number or text, which has no key. Nothing else is null.
  bool IsNull(size_t row) const { return !nulls_.empty() && nulls_[row]; }
  /// \pre kWords
  uint64_t Word(size_t row) const { return words_[row]; }
  /// \pre not kWords
  ByteSpan Bytes(size_t row) const {
    if (rows_) return rows_->At(static_cast<int64_t>(row));
    const int64_t at = items_.empty() ? static_cast<int64_t>(row) : items_[row];
    if (offsets_) return {data_ + offsets_[at], static_cast<size_t>(offsets_[at + 1] - offsets_[at])};
    return texts_->At(at);
  }

 private:
  void SetItems(const Array& array);
  void SetWords(const Array& values);
  void SetTexts(const Array& values);
  void SetNulls(const Array& array);
  /// Of rows that are not null, those for which is_seen(row) is false; it is no longer asked when that seldom helps.
  template <typename IsSeen>
  void FindFirsts(IsSeen&& is_seen);
  void FindFirstItems(int64_t num_items);
  void FindFirstTexts();

  const size_t num_rows_;
  std::vector<uint64_t> hashes_, words_;
  std::vector<uint32_t> firsts_;
  std::vector<uint8_t> nulls_;   ///< by row; empty: there are none
  std::vector<int64_t> items_;   ///< of a dictionary column: by row, which of its values
  ArrayPtr values_;              ///< keeps what texts_ points to
  std::unique_ptr<const StringValues> texts_;
  const int32_t* offsets_ = nullptr;  ///< of texts with offsets of 32 bits, and what they point into
  const uint8_t* data_ = nullptr;
  size_t data_bytes_ = 0;
  std::unique_ptr<const RowKeys> rows_;
};

}  // namespace eider::reduce
