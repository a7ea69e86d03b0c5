#include "eider/query/sorted_block.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/query/sort_column.h"

namespace eider::query {
namespace {

constexpr size_t kBlockSliceRows = 1024;
constexpr int kRankShift = 56;
constexpr uint64_t kPlaceMask = (uint64_t{1} << kRankShift) - 1;

bool IsBytesBefore(ByteSpan a, ByteSpan b) {
  const int order = std::memcmp(a.data(), b.data(), std::min(a.size(), b.size()));
  return order != 0 ? order < 0 : a.size() < b.size();
}

}  // namespace

SortRecord::SortRecord(ByteSpan record) : word(LoadBigEndian(record.data() + 1)), rank(record[0]), bytes(record) {}

bool SortRecord::operator<(const SortRecord& other) const {
  if (rank != other.rank) return rank < other.rank;
  if (word != other.word) return word < other.word;
  return IsBytesBefore(bytes, other.bytes);
}

uint64_t SortRecord::position() const { return LoadBigEndian(bytes.data() + bytes.size() - 8); }

SortBound::SortBound(const SortRecord& record) : bytes_(record.bytes.begin(), record.bytes.end()), record_(ByteSpan(bytes_)) {}

SortRecord SortedBlock::ToRecord(const Entry& entry) const {
  const uint8_t* at = bytes_.data() + (entry.place & kPlaceMask);
  SortRecord record;
  record.word = entry.word;
  record.rank = static_cast<uint8_t>(entry.place >> kRankShift);
  record.bytes = {at + 4, LoadLe<uint32_t>(at)};
  return record;
}

bool SortedBlock::IsBefore(const Entry& a, const Entry& b) const {
  const uint64_t rank_a = a.place >> kRankShift, rank_b = b.place >> kRankShift;
  if (rank_a != rank_b) return rank_a < rank_b;
  if (a.word != b.word) return a.word < b.word;
  return IsBytesBefore(ToRecord(a).bytes, ToRecord(b).bytes);
}

void SortedBlock::Prefetch(size_t i) const {
  const uint8_t* record = bytes_.data() + (entries_[i].place & kPlaceMask);
  __builtin_prefetch(record);
}

void SortedBlock::EndRecord(size_t begin) {
  const size_t length = bytes_.size() - begin - 4;
  if (length > UINT32_MAX) throw Unsupported("order_by: keys of {} bytes in a row", length);
  const auto stored = static_cast<uint32_t>(length);
  uint8_t* at = bytes_.data() + begin;
  std::memcpy(at, &stored, 4);
  entries_.push_back({LoadBigEndian(at + 5), uint64_t{at[4]} << kRankShift | begin});
}

void SortedBlock::Add(const SortRecord& record) {
  const size_t begin = bytes_.size();
  bytes_.Extend(4);
  bytes_.Append(record.bytes);
  EndRecord(begin);
}

void SortedBlock::AddRow(std::span<const SortColumn> columns, size_t index, uint64_t word, uint64_t position) {
  const auto row = static_cast<int64_t>(index);
  const size_t begin = bytes_.size();
  bytes_.Extend(4);
  columns[0].AppendTo(row, word, bytes_);
  for (const SortColumn& column : columns.subspan(1)) {
    if (column.narrow_bytes() > 0) column.Words(row, {&word, 1});
    column.AppendTo(row, word, bytes_);
  }
  bytes_.AppendValue(__builtin_bswap64(position));
  EndRecord(begin);
  if (!bound_ || !(bound_->record() < ToRecord(entries_.back()))) return;
  entries_.pop_back();
  bytes_.Resize(begin);
}

void SortedBlock::AddSlice(std::span<const SortColumn> columns, size_t first, size_t rows, const RowPositions& positions) {
  const SortColumn& key = columns[0];
  std::array<uint64_t, kBlockSliceRows> words;
  key.Words(static_cast<int64_t>(first), std::span(words).first(rows));
  const auto add = [&](size_t i) { AddRow(columns, first + i, words[i], positions[first + i]); };
  if (!bound_) {
    for (size_t i = 0; i < rows; ++i) add(i);
    return;
  }
  const uint8_t rank = bound_->record().rank;
  uint64_t last = bound_->record().word;
  if (rank == 1 && columns.size() == 1 && key.narrow_bytes() > 0 && positions[first] > bound_->record().position()) {
    // Rows that equal the bound come after it.
    last &= ~uint64_t{0} << (64 - 8 * key.narrow_bytes());
    if (last == 0 && !key.has_nulls()) return;
    if (last > 0) --last;
  }
  if (!key.has_nulls()) {
    if (rank != 1) {
      for (size_t i = 0; rank == 2 && i < rows; ++i) add(i);
      return;
    }
    constexpr size_t kLanes = 64;
    for (size_t begin = 0; begin < rows; begin += kLanes) {
      const size_t end = std::min(rows, begin + kLanes);
      uint64_t passing = 0;
      for (size_t i = begin; i < end; ++i) passing += words[i] <= last;
      for (size_t i = begin; passing > 0 && i < end; ++i) {
        if (words[i] <= last) add(i);
      }
    }
    return;
  }
  for (size_t i = 0; i < rows; ++i) {
    const uint8_t of_row = key.rank(static_cast<int64_t>(first + i));
    if (of_row < rank || (of_row == rank && (rank != 1 || words[i] <= last))) add(i);
  }
}

void SortedBlock::Add(std::span<const SortColumn> columns, const RowPositions& positions, const SortBoundPtr& bound) {
  if (bound && (!bound_ || bound->record() < bound_->record())) bound_ = bound;
  for (size_t first = 0; first < positions.size(); first += kBlockSliceRows) {
    AddSlice(columns, first, std::min<size_t>(kBlockSliceRows, positions.size() - first), positions);
    if (entries_.size() > most_ && entries_.size() - most_ > most_ + kBlockSliceRows) Cut();
  }
}

void SortedBlock::Cut() {
  if (most_ == 0) return entries_.clear();
  const auto last = entries_.begin() + static_cast<ptrdiff_t>(most_ - 1);
  std::nth_element(entries_.begin(), last, entries_.end(), [this](const Entry& a, const Entry& b) { return IsBefore(a, b); });
  entries_.resize(most_);
  bound_ = std::make_shared<const SortBound>(ToRecord(entries_.back()));
}

void SortedBlock::Finish() {
  const bool cuts = entries_.size() > most_;
  if (cuts) Cut();
  std::ranges::sort(entries_, [this](const Entry& a, const Entry& b) { return IsBefore(a, b); });
  if (cuts || bound_) Compact();
}

// Records in their order, without those that were left out.
void SortedBlock::Compact() {
  SortedBlock kept(most_);
  for (const Entry& entry : entries_) kept.Add(ToRecord(entry));
  bytes_ = std::move(kept.bytes_);
  entries_ = std::move(kept.entries_);
}

}  // namespace eider::query
