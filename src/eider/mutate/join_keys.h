#pragma once
/// \file
/// Keys of rows, and an index of rows by key. A single key column of at most eight bytes a value is compared as words, any other as
/// bytes (array/row_keys.h).

#include <eider/array.h>

#include <memory>
#include <vector>

#include "eider/array/row_keys.h"
#include "eider/base/bytes.h"
#include "eider/base/key_set.h"
#include "eider/mutate/word_set.h"

namespace eider::mutate {

class JoinKeys {
 public:
  JoinKeys(std::vector<ArrayPtr> columns, int64_t num_rows);
  /// Whether keys of such columns are words.
  static bool AreWords(const std::vector<ArrayPtr>& columns);

  int64_t num_rows() const { return num_rows_; }
  bool are_words() const { return words_ != nullptr; }
  /// Some value of the key is null: it matches nothing.
  bool IsNull(int64_t row) const;
  uint64_t WordAt(int64_t row) const { return LoadLe<uint64_t>(words_ + 8 * row); }
  ByteSpan BytesAt(int64_t row) const { return bytes_->At(row); }
  /// Of a row with a null in its key, the same as that of its place, so that such rows do not all fall to one part.
  uint64_t HashAt(int64_t row) const;

 private:
  const std::vector<ArrayPtr> columns_;
  const int64_t num_rows_;
  bool has_nulls_ = false;
  const uint8_t* words_ = nullptr;
  Buffer widened_;
  std::unique_ptr<const RowKeys> bytes_;
};

/// A row of a batch and a row of the source that have the same key.
struct MatchedRow {
  uint32_t row;
  uint32_t source;
};

/// From the least word of keys to the greatest, as signed numbers.
struct WordRange {
  int64_t least = INT64_MAX, greatest = INT64_MIN;
  void Add(const JoinKeys& keys);
};

class KeyIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// Of `num_rows` rows, fewer than 2^31. `range`: of all words to come; of none, where that is not known.
  /// \throws Error(kOutOfBudget)
  KeyIndex(MemoryBudget& budget, uint64_t num_rows, const WordRange& range = {});
  /// The words lie so close together that they are marked first, all of them.
  bool WantsMarks() const { return is_dense_; }
  void Mark(const JoinKeys& keys);
  /// The next rows; those with nulls in their keys are counted and left out.
  void Add(const JoinKeys& keys);
  /// Every row that is in the index for each row of `keys`, in the order of `keys`.
  std::vector<MatchedRow> Find(const JoinKeys& keys) const;
  /// The last row added before `row` that has its key; kNone without one.
  uint32_t EarlierRow(uint32_t row) const { return next_[row]; }

 private:
  struct Slot {
    uint64_t word = 0;
    uint32_t row = kNone;
  };
  void ReserveFilter();
  void ReserveWords();
  /// Where the last row with the key is kept.
  uint32_t& PlaceOf(const JoinKeys& keys, int64_t row);
  /// The slots are far apart: one is asked for while others are looked at.
  void Prefetch(uint64_t hash) const;
  uint64_t SlotOf(uint64_t word, uint64_t hash) const;
  uint32_t FirstRow(const JoinKeys& keys, int64_t row, uint64_t hash) const;
  template <typename Hash>
  void FindAll(const JoinKeys& keys, const Hash& hash_of, std::vector<MatchedRow>* matches) const;
  void FindDense(const JoinKeys& keys, std::vector<MatchedRow>* matches) const;

  BudgetCharge charge_;
  std::vector<uint32_t> next_;  ///< by row: another with the same key
  std::vector<Slot> words_;     ///< of keys that are words
  KeySet bytes_;                ///< of others
  bool is_dense_ = false;
  WordSet dense_;               ///< of words that lie close together
  std::vector<uint32_t> first_;  ///< by number of the key in `bytes_` or `dense_`: its last row
  std::vector<uint64_t> filter_;  ///< a bit for each hash that is there: it turns away most rows, and stays in the cache
  int shift_ = 0, filter_shift_ = 0;
  uint64_t max_rows_;
};

}  // namespace eider::mutate
