#include "eider/query/block_merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <tuple>

#include "eider/base/error.h"

namespace eider::query {
namespace {

struct MergedRow {
  std::string key;  ///< empty: the word
  uint64_t word, position;
  SortRecord Record() const {
    SortRecord record;
    record.rank = 1;
    record.word = word;
    record.position = position;
    record.key = {reinterpret_cast<const uint8_t*>(key.data()), key.size()};
    return record;
  }
};

/// Rows go to blocks of `sizes` rows, and again from the first.
void ExpectMerged(std::vector<MergedRow> rows, const std::vector<size_t>& sizes) {
  std::vector<SortedBlock> blocks;
  for (size_t begin = 0, i = 0; begin < rows.size(); ++i) {
    const size_t end = std::min(rows.size(), begin + sizes[i % sizes.size()]);
    SortedBlock block(UINT64_MAX);
    for (; begin < end; ++begin) block.Add(rows[begin].Record());
    block.Finish();
    blocks.push_back(std::move(block));
  }
  std::ranges::sort(rows, {}, [](const MergedRow& row) { return std::tie(row.key, row.word, row.position); });
  for (const int threads : {0, 3}) {
    TaskPool pool(threads);
    for (const uint64_t most : {uint64_t{0}, uint64_t{1}, uint64_t{17'000}, uint64_t{50'001}, UINT64_MAX}) {
      const BufferBuilder merged = MergePositions(blocks, most, pool);
      ASSERT_EQ(merged.size(), 8 * std::min<uint64_t>(rows.size(), most));
      for (size_t i = 0; i < merged.size() / 8; ++i) ASSERT_EQ(merged.as<uint64_t>()[i], rows[i].position) << i;
    }
  }
}

TEST(BlockMergeTest, BlocksOfManySizesAreMergedInOrder) {
  std::mt19937_64 random(21);
  for (const uint64_t values : {uint64_t{1}, uint64_t{1000}, uint64_t{0}}) {
    std::vector<MergedRow> rows;
    for (uint64_t i = 0; i < 70'000; ++i) rows.push_back({"", values == 0 ? random() : random() % values, 70'000 - i});
    ExpectMerged(rows, {1, 5000, 33, 20'000});
    ExpectMerged(rows, {100'000});
    ExpectMerged(rows, {200});
  }
}

TEST(BlockMergeTest, RowsWithLongKeysAreMergedByTheirBytes) {
  std::mt19937_64 random(22);
  std::vector<MergedRow> rows;
  for (uint64_t i = 0; i < 60'000; ++i) {
    std::string key = (i % 2 ? "\x01" : "\x01like many others ") + std::to_string(random() % 20'000);
    key.append(2, '\0');
    rows.push_back({std::move(key), 0, i});
  }
  ExpectMerged(rows, {300, 9000, 20'000});
}

TEST(BlockMergeTest, AnInterruptEndsIt) {
  SortedBlock block(UINT64_MAX);
  for (uint64_t i = 0; i < 100'000; ++i) block.Add(MergedRow{"", i, i}.Record());
  block.Finish();
  const InterruptHook former = SetInterruptHook([] { throw Error(ErrorKind::kCancelled, "enough"); });
  TaskPool pool(0);
  EXPECT_THROW(MergePositions({&block, 1}, UINT64_MAX, pool), Error);
  SetInterruptHook(former);
}

}  // namespace
}  // namespace eider::query
