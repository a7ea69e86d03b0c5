#include "eider/mutate/join_keys.h"

#include <algorithm>
#include <bit>

#include "eider/array/types.h"
#include "eider/base/hash_bytes.h"

namespace eider::mutate {
namespace {

constexpr uint64_t kFilterBits = 16;  ///< for a key
constexpr int64_t kAhead = 16;        ///< rows between asking for a slot and looking at it
constexpr const char* kKeysToMerge = "keys of a merge";

/// A bit for each word that may come costs less than hashing as long as there are at most so many for a key.
constexpr uint64_t kDenseBits = 256;

bool FitsWord(const Array& array) { return LayoutOf(array.type->id) == Layout::kFixed && ByteWidth(*array.type) <= 8 && ByteWidth(*array.type) > 0; }

uint64_t HashWord(uint64_t word) {
  word = (word ^ word >> 32) * 0x9E3779B97F4A7C15;
  return (word ^ word >> 29) * 0xBF58476D1CE4E5B9;
}

template <typename T>
void Widen(const uint8_t* from, int64_t num_rows, uint8_t* to) {
  for (int64_t i = 0; i < num_rows; ++i) StoreLe(to + 8 * i, uint64_t{LoadLe<T>(from + i * static_cast<int64_t>(sizeof(T)))});
}

/// Values of another width than 1, 2, 4 or 8 bytes: fixed-size binaries.
void WidenBytes(const uint8_t* from, uint64_t width, int64_t num_rows, uint8_t* to) {
  std::memset(to, 0, static_cast<size_t>(num_rows) * 8);
  for (int64_t i = 0; i < num_rows; ++i) std::memcpy(to + 8 * i, from + static_cast<uint64_t>(i) * width, width);
}

}  // namespace

JoinKeys::JoinKeys(std::vector<ArrayPtr> columns, int64_t num_rows) : columns_(std::move(columns)), num_rows_(num_rows) {
  for (const ArrayPtr& column : columns_) has_nulls_ |= column->type->id == TypeId::kNull || CountNulls(*column) > 0;
  if (!AreWords(columns_)) {
    bytes_ = std::make_unique<const RowKeys>(columns_, num_rows, FloatKeys::kBits);
    return;
  }
  const Array& array = *columns_[0];
  const uint64_t width = ByteWidth(*array.type);
  const uint8_t* values = array.buffers[0].data() + static_cast<uint64_t>(array.offset) * width;
  words_ = values;
  if (width == 8) return;
  BufferBuilder widened;
  widened.Resize(static_cast<size_t>(num_rows) * 8);
  if (width == 1) Widen<uint8_t>(values, num_rows, widened.data());
  else if (width == 2) Widen<uint16_t>(values, num_rows, widened.data());
  else if (width == 4) Widen<uint32_t>(values, num_rows, widened.data());
  else WidenBytes(values, width, num_rows, widened.data());
  widened_ = widened.Finish();
  words_ = widened_.data();
}

bool JoinKeys::AreWords(const std::vector<ArrayPtr>& columns) { return columns.size() == 1 && FitsWord(*columns[0]); }

bool JoinKeys::IsNull(int64_t row) const {
  return has_nulls_ && std::any_of(columns_.begin(), columns_.end(), [row](const ArrayPtr& column) { return !column->IsValid(row); });
}

uint64_t JoinKeys::HashAt(int64_t row) const {
  if (IsNull(row)) return HashWord(static_cast<uint64_t>(row));
  return are_words() ? HashWord(WordAt(row)) : HashBytes(BytesAt(row));
}

void WordRange::Add(const JoinKeys& keys) {
  for (int64_t row = 0; row < keys.num_rows(); ++row) {
    if (keys.IsNull(row)) continue;
    const auto word = static_cast<int64_t>(keys.WordAt(row));
    least = std::min(least, word);
    greatest = std::max(greatest, word);
  }
}

KeyIndex::KeyIndex(MemoryBudget& budget, uint64_t num_rows, const WordRange& range)
    : charge_(budget, num_rows * sizeof(uint32_t), kKeysToMerge), bytes_(budget, kKeysToMerge), max_rows_(num_rows) {
  next_.reserve(num_rows);
  const uint64_t last = static_cast<uint64_t>(range.greatest) - static_cast<uint64_t>(range.least);
  is_dense_ = range.least <= range.greatest && last / kDenseBits < num_rows;
  if (!is_dense_) {
    ReserveFilter();
    return;
  }
  charge_.Resize(charge_.bytes() + WordSet::BytesFor(last + 1) + num_rows * sizeof(uint32_t), kKeysToMerge);
  dense_ = WordSet(range.least, last + 1);
}

void KeyIndex::ReserveFilter() {
  charge_.Resize(charge_.bytes() + max_rows_ * 2 * kFilterBits / 8, kKeysToMerge);
  const uint64_t bits = std::bit_ceil(std::max<uint64_t>(max_rows_ * kFilterBits, 64));
  filter_.resize(bits / 64);
  filter_shift_ = 64 - std::countr_zero(bits);
}

void KeyIndex::Mark(const JoinKeys& keys) {
  for (int64_t row = 0; row < keys.num_rows(); ++row) {
    if (!keys.IsNull(row)) dense_.Insert(keys.WordAt(row));
  }
}

void KeyIndex::ReserveWords() {
  const uint64_t slots = std::bit_ceil(std::max<uint64_t>(max_rows_ * 2, 64));
  charge_.Resize(charge_.bytes() + slots * sizeof(Slot), kKeysToMerge);
  words_.resize(slots);
  shift_ = 64 - std::countr_zero(slots);
}

uint64_t KeyIndex::SlotOf(uint64_t word, uint64_t hash) const {
  const uint64_t mask = words_.size() - 1;
  uint64_t at = hash >> shift_;
  while (words_[at].row != kNone && words_[at].word != word) at = (at + 1) & mask;
  return at;
}

void KeyIndex::Prefetch(uint64_t hash) const { __builtin_prefetch(&words_[hash >> shift_]); }

void KeyIndex::Add(const JoinKeys& keys) {
  if (is_dense_ && first_.empty()) first_.assign(dense_.Count(), kNone);
  const bool hashes_words = keys.are_words() && !is_dense_;
  if (hashes_words && words_.empty()) ReserveWords();
  for (int64_t row = 0; row < keys.num_rows(); ++row) {
    if (hashes_words && row + kAhead < keys.num_rows()) Prefetch(HashWord(keys.WordAt(row + kAhead)));
    const auto number = static_cast<uint32_t>(next_.size());
    next_.push_back(kNone);
    if (keys.IsNull(row)) continue;
    uint32_t& last = is_dense_ ? first_[dense_.NumberOf(keys.WordAt(row))] : PlaceOf(keys, row);
    next_.back() = std::exchange(last, number);
  }
}

uint32_t& KeyIndex::PlaceOf(const JoinKeys& keys, int64_t row) {
  const uint64_t hash = keys.HashAt(row);
  SetBit(reinterpret_cast<uint8_t*>(filter_.data()), hash >> filter_shift_);
  if (keys.are_words()) {
    Slot& slot = words_[SlotOf(keys.WordAt(row), hash)];
    slot.word = keys.WordAt(row);
    return slot.row;
  }
  const uint32_t key = bytes_.Number(keys.BytesAt(row), hash);
  if (key == first_.size()) first_.push_back(kNone);
  return first_[key];
}

uint32_t KeyIndex::FirstRow(const JoinKeys& keys, int64_t row, uint64_t hash) const {
  if (keys.are_words()) return words_[SlotOf(keys.WordAt(row), hash)].row;
  const std::optional<uint32_t> key = bytes_.Find(keys.BytesAt(row), hash);
  return key ? first_[*key] : kNone;
}

// Rows that the filter lets through are gathered without a branch, then looked up.
template <typename Hash>
void KeyIndex::FindAll(const JoinKeys& keys, const Hash& hash_of, std::vector<MatchedRow>* matches) const {
  constexpr int64_t kBlock = 1024;
  uint64_t hashes[kBlock];
  int64_t rows[kBlock];
  const auto* filter = reinterpret_cast<const uint8_t*>(filter_.data());
  for (int64_t begin = 0; begin < keys.num_rows(); begin += kBlock) {
    const int64_t end = std::min(begin + kBlock, keys.num_rows());
    size_t num_found = 0;
    for (int64_t row = begin; row < end; ++row) {
      const uint64_t hash = hash_of(row);
      hashes[num_found] = hash;
      rows[num_found] = row;
      num_found += GetBit(filter, hash >> filter_shift_);
    }
    if (keys.are_words()) {
      for (size_t i = 0; i < num_found; ++i) Prefetch(hashes[i]);
    }
    for (size_t i = 0; i < num_found; ++i) {
      if (keys.IsNull(rows[i])) continue;
      for (uint32_t source = FirstRow(keys, rows[i], hashes[i]); source != kNone; source = next_[source]) {
        matches->push_back({static_cast<uint32_t>(rows[i]), source});
      }
    }
  }
}

void KeyIndex::FindDense(const JoinKeys& keys, std::vector<MatchedRow>* matches) const {
  constexpr int64_t kBlock = 1024;
  uint32_t rows[kBlock];
  for (int64_t begin = 0; begin < keys.num_rows(); begin += kBlock) {
    const int64_t end = std::min(begin + kBlock, keys.num_rows());
    size_t num_found = 0;
    for (int64_t row = begin; row < end; ++row) {
      rows[num_found] = static_cast<uint32_t>(row);
      num_found += dense_.Has(keys.WordAt(row));
    }
    for (size_t i = 0; i < num_found; ++i) {
      if (keys.IsNull(rows[i])) continue;
      uint32_t source = first_[dense_.NumberOf(keys.WordAt(rows[i]))];
      for (; source != kNone; source = next_[source]) matches->push_back({rows[i], source});
    }
  }
}

std::vector<MatchedRow> KeyIndex::Find(const JoinKeys& keys) const {
  std::vector<MatchedRow> matches;
  if (is_dense_) {
    if (keys.are_words()) FindDense(keys, &matches);
    return matches;
  }
  if (keys.are_words() && !words_.empty()) FindAll(keys, [&](int64_t row) { return HashWord(keys.WordAt(row)); }, &matches);
  if (!keys.are_words()) FindAll(keys, [&](int64_t row) { return HashBytes(keys.BytesAt(row)); }, &matches);
  return matches;
}

}  // namespace eider::mutate
