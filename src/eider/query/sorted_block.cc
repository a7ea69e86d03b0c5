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

}  // namespace

SortRecord SortedBlock::ToRecord(const SortEntry& entry) const {
  const uint64_t place = entry.place & SortEntry::kPlaceMask;
  if (!is_short_) return ReadRecord(bytes_.data() + place);
  SortRecord record;
  record.word = entry.word;
  record.position = place;
  record.rank = entry.rank();
  return record;
}

size_t SortedBlock::LowerBound(const SortRecord& record) const {
  const auto is_before = [this](const SortEntry& entry, const SortRecord& other) {
    if (entry.rank() != other.rank) return entry.rank() < other.rank;
    return entry.word != other.word ? entry.word < other.word : ToRecord(entry) < other;
  };
  return static_cast<size_t>(std::lower_bound(entries_.begin(), entries_.end(), record, is_before) - entries_.begin());
}

void SortedBlock::CopyEntries(size_t begin, size_t end, SortEntries& out) const {
  const uint64_t base = is_short_ ? 0 : reinterpret_cast<uintptr_t>(bytes_.data());
  for (size_t i = begin; i < end; ++i) out.emplace_back(entries_[i].word, 0, entries_[i].place + base);
}

void SortedBlock::EndRecord(size_t begin) {
  const size_t length = bytes_.size() - begin - SortRecord::kHeaderBytes;
  if (length > UINT32_MAX) throw Unsupported("order_by: keys of {} bytes in a row", length);
  const auto stored = static_cast<uint32_t>(length);
  std::memcpy(bytes_.data() + begin + 8, &stored, 4);
  const SortRecord record = ReadRecord(bytes_.data() + begin);
  entries_.emplace_back(record.word, record.rank, begin);
}

void SortedBlock::Add(const SortRecord& record) {
  is_short_ = record.key.empty();
  if (is_short_) {
    entries_.emplace_back(record.word, record.rank, record.position);
    return;
  }
  const size_t begin = bytes_.size();
  AppendRecord(record, bytes_);
  EndRecord(begin);
}

void SortedBlock::AddRow(std::span<const SortColumn> columns, size_t index, uint64_t word, uint64_t position) {
  const auto row = static_cast<int64_t>(index);
  const size_t begin = bytes_.size();
  if (is_short_) {
    entries_.emplace_back(word, columns[0].rank(row), position);
  } else {
    bytes_.AppendValue(position);
    bytes_.Extend(4);
    columns[0].AppendTo(row, word, bytes_);
    for (const SortColumn& column : columns.subspan(1)) {
      if (column.narrow_bytes() > 0) column.Words(row, {&word, 1});
      column.AppendTo(row, word, bytes_);
    }
    EndRecord(begin);
  }
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
  if (rank == 1 && columns.size() == 1 && key.narrow_bytes() > 0 && positions[first] > bound_->record().position) {
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
  is_short_ = columns.size() == 1 && columns[0].narrow_bytes() > 0;
  if (bound && (!bound_ || bound->record() < bound_->record())) bound_ = bound;
  for (size_t first = 0; first < positions.size(); first += kBlockSliceRows) {
    AddSlice(columns, first, std::min<size_t>(kBlockSliceRows, positions.size() - first), positions);
    if (entries_.size() > most_ && entries_.size() - most_ > most_ + kBlockSliceRows) Cut();
  }
}

void SortedBlock::Cut() {
  if (most_ == 0) return entries_.clear();
  const auto last = entries_.begin() + static_cast<ptrdiff_t>(most_ - 1);
  std::nth_element(entries_.begin(), last, entries_.end(), Order());
  entries_.resize(most_);
  bound_ = std::make_shared<const SortBound>(ToRecord(entries_.back()));
}

void SortedBlock::Finish() {
  if (entries_.size() > most_) Cut();
  Sort(entries_, Order());
  if (!is_short_) Compact();
}

// Records in their order, so that who merges reads on, and without those that were left out.
void SortedBlock::Compact() {
  SortedBlock kept(most_);
  kept.entries_.reserve(entries_.size());
  if (!bound_) kept.bytes_.Reserve(bytes_.size());
  for (const SortEntry& entry : entries_) kept.Add(ToRecord(entry));
  bytes_ = std::move(kept.bytes_);
  entries_ = std::move(kept.entries_);
}

}  // namespace eider::query
