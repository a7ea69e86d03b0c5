#include "eider/query/sort_entries.h"

#include <algorithm>
#include <array>

#include "eider/query/sort_record.h"

namespace eider::query {
namespace {

/// So few are compared at once.
constexpr size_t kFewEntries = 512, kFewEqual = 16;
/// Digits are the bytes of the word, then the rank. The first of those in which entries differ leave few that are equal in all of
/// them.
constexpr size_t kDigits = 9, kMostDigits = 4;

uint8_t DigitOf(const SortEntry& entry, size_t digit) {
  return digit < 8 ? static_cast<uint8_t>(entry.word >> 8 * digit) : entry.rank();
}

using Counts = std::array<uint32_t, 256>;

std::array<Counts, kDigits> CountDigits(std::span<const SortEntry> entries) {
  std::array<Counts, kDigits> counts{};
  for (const SortEntry& entry : entries) {
    for (size_t digit = 0; digit < kDigits; ++digit) ++counts[digit][DigitOf(entry, digit)];
  }
  return counts;
}

void Distribute(std::span<const SortEntry> from, size_t digit, const Counts& counts, SortEntry* to) {
  std::array<size_t, 256> next;
  size_t sum = 0;
  for (size_t i = 0; i < next.size(); ++i) next[i] = std::exchange(sum, sum + counts[i]);
  for (const SortEntry& entry : from) to[next[DigitOf(entry, digit)]++] = entry;
}

/// Sorts by the first digits that differ, in a stable way. \return the bits of the word that are in order now
uint64_t SortByDigits(SortEntries& entries) {
  const auto counts = CountDigits(entries);
  size_t first = kDigits, found = 0;
  for (; first > 0 && found < kMostDigits; --first) found += counts[first - 1][DigitOf(entries[0], first - 1)] != entries.size();
  SortEntries spare(entries.size());
  for (size_t digit = first; digit < kDigits; ++digit) {
    if (counts[digit][DigitOf(entries[0], digit)] == entries.size()) continue;
    Distribute(entries, digit, counts[digit], spare.data());
    std::swap(entries, spare);
  }
  return first < 8 ? ~uint64_t{0} << 8 * first : 0;
}

/// Sorts entries that may be a few sorted sequences, one behind the other.
void SortSequences(std::span<SortEntry> entries, const EntryOrder& order) {
  std::vector<size_t> ends;
  for (size_t i = 1; i < entries.size(); ++i) {
    if (!order(entries[i], entries[i - 1])) continue;
    if (ends.size() * kFewEqual > entries.size()) return std::sort(entries.begin(), entries.end(), order);
    ends.push_back(i);
  }
  ends.push_back(entries.size());
  const auto at = [&](size_t i) { return entries.begin() + static_cast<ptrdiff_t>(i); };
  while (ends.size() > 1) {
    size_t kept = 0, begin = 0;
    for (size_t i = 0; i < ends.size(); i += 2) {
      const size_t end = ends[std::min(i + 1, ends.size() - 1)];
      if (ends[i] < end) std::inplace_merge(at(begin), at(ends[i]), at(end), order);
      begin = ends[kept++] = end;
    }
    ends.resize(kept);
  }
}

}  // namespace

bool EntryOrder::IsRecordBefore(const SortEntry& a, const SortEntry& b) const {
  const auto record = [this](const SortEntry& entry) {
    return ReadRecord(reinterpret_cast<const uint8_t*>(records_ + (entry.place & SortEntry::kPlaceMask)));
  };
  return record(a) < record(b);
}

void Sort(SortEntries& entries, const EntryOrder& order) {
  if (entries.size() < kFewEntries) return std::sort(entries.begin(), entries.end(), order);
  const uint64_t sorted_bits = SortByDigits(entries);
  const auto is_equal = [sorted_bits](const SortEntry& a, const SortEntry& b) {
    return a.rank() == b.rank() && ((a.word ^ b.word) & sorted_bits) == 0;
  };
  for (size_t begin = 0, end = 0; begin < entries.size(); begin = end) {
    for (end = begin + 1; end < entries.size() && is_equal(entries[begin], entries[end]);) ++end;
    const std::span<SortEntry> group = std::span(entries).subspan(begin, end - begin);
    if (group.size() > kFewEqual) SortSequences(group, order);
    else if (group.size() > 1) std::ranges::sort(group, order);
  }
}

}  // namespace eider::query
