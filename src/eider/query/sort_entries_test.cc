#include "eider/query/sort_entries.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <tuple>

#include "eider/query/sort_record.h"

namespace eider::query {
namespace {

void ExpectSortsAsComparisonsDo(SortEntries entries, const EntryOrder& order) {
  SortEntries expected = entries;
  std::sort(expected.begin(), expected.end(), order);
  Sort(entries, order);
  for (size_t i = 0; i < entries.size(); ++i) {
    ASSERT_EQ(entries[i].word, expected[i].word) << i;
    ASSERT_EQ(entries[i].place, expected[i].place) << i;
  }
}

TEST(SortEntriesTest, NumbersThatDifferInAnyBytesAreInTheOrderOfRankWordAndPosition) {
  std::mt19937_64 random(11);
  constexpr uint64_t kMasks[] = {~uint64_t{0}, 0xFF, uint64_t{0xFF} << 56, 0xF0F0F0F0F0F0F0F0, 0x0000FFFF00000000, 0};
  for (const uint64_t mask : kMasks) {
    for (const size_t size : {0, 1, 400, 3000, 40'000}) {
      SortEntries entries;
      for (uint64_t i = 0; i < size; ++i) entries.emplace_back(random() & mask, static_cast<uint8_t>(random() % 3), size - i);
      ExpectSortsAsComparisonsDo(entries, EntryOrder(false));
    }
  }
}

TEST(SortEntriesTest, SequencesThatAreSortedAlreadyAreMerged) {
  for (const uint64_t sequences : {1, 2, 3, 7, 31}) {
    SortEntries entries;
    for (uint64_t s = 0; s < sequences; ++s) {
      for (uint64_t i = 0; i < 500; ++i) entries.emplace_back(7, uint8_t{1}, i * sequences + (s * 5) % sequences);
    }
    ExpectSortsAsComparisonsDo(entries, EntryOrder(false));
  }
}

TEST(SortEntriesTest, KeysLongerThanAWordAreCompared) {
  std::mt19937_64 random(12);
  BufferBuilder records;
  SortEntries entries;
  for (uint64_t i = 0; i < 5000; ++i) {
    std::string key = "\x01prefix of all " + std::to_string(random() % 1000);
    key.append(2, '\0');
    const size_t begin = records.size();
    SortRecord record;
    record.position = i;
    record.key = {reinterpret_cast<const uint8_t*>(key.data()), key.size()};
    AppendRecord(record, records);
    const SortRecord read = ReadRecord(records.data() + begin);
    ASSERT_EQ(read.position, i);
    ASSERT_EQ(read.StoredBytes(), records.size() - begin);
    entries.emplace_back(read.word, read.rank, begin);
  }
  ExpectSortsAsComparisonsDo(entries, EntryOrder(records.data()));
}

}  // namespace
}  // namespace eider::query
