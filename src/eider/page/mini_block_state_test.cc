#include "eider/page/mini_block_state.h"

#include <gtest/gtest.h>

#include "eider/base/error.h"

namespace eider::page {
namespace {

template <typename T>
ByteSpan AsBytes(const std::vector<T>& words) {
  return {reinterpret_cast<const uint8_t*>(words.data()), words.size() * sizeof(T)};
}

TEST(RowIndexTest, FindsTheChunkOfEveryRow) {
  const std::vector<uint32_t> starts = {0, 5, 5, 6, 1000, 1000, 70000};
  const RowIndex index(starts);
  for (uint32_t row = 0; row < 70000; ++row) {
    const size_t chunk = index.Find(row);
    ASSERT_LE(index.start(chunk), row);
    ASSERT_LT(row, index.start(chunk + 1));
  }
}

TEST(ChunkTableTest, ReadsSizesAndCountsOfBothWidths) {
  MiniBlockState state;
  const std::vector<uint16_t> small = {0x0a1a, 0x0010};  // 1296 bytes of 1024 values, 16 bytes of the rest
  ParseChunkTable(AsBytes(small), false, 1312, 1030, state);
  EXPECT_EQ(state.ChunkRange(1), (ByteRange{1296, 16}));
  EXPECT_EQ(state.values.count(1), 6u);
  MiniBlockState large;
  const std::vector<uint32_t> words = {0x0a1a, 0x0010};
  ParseChunkTable(AsBytes(words), true, 1312, 1030, large);
  EXPECT_EQ(large.values.Find(1024), 1u);
}

TEST(ChunkTableTest, RefusesChunksThatDoNotCoverThePage) {
  const std::vector<uint32_t> words = {0x0a1a, 0x0010};
  MiniBlockState state;
  EXPECT_THROW(ParseChunkTable(AsBytes(words), true, 1320, 1030, state), Error);
  EXPECT_THROW(ParseChunkTable(AsBytes(words), true, 1304, 1030, state), Error);
  EXPECT_THROW(ParseChunkTable(AsBytes(words), true, 1312, 1000, state), Error);
  const std::vector<uint32_t> last_says_two = {0x0a1a, 0x0011};
  EXPECT_THROW(ParseChunkTable(AsBytes(last_says_two), true, 1312, 1030, state), Error);
}

TEST(RepetitionIndexTest, CountsRowsByTheChunkTheyStartIn) {
  MiniBlockState state;
  state.offsets = {0, 1, 2, 3, 4};
  const std::vector<uint64_t> index = {767, 2, 768, 2, 769, 0, 696, 0};
  ParseRepetitionIndex(AsBytes(index), 3000, state);
  EXPECT_EQ(state.rows.start(1), 768u);  // row 767 started in chunk 0
  EXPECT_EQ(state.rows.start(2), 1536u);
  EXPECT_EQ(state.rows.start(3), 2304u);
  EXPECT_TRUE(state.unfinished[0]);
  EXPECT_FALSE(state.unfinished[2]);
}

TEST(RepetitionIndexTest, RefusesSumsThatAreNotThePageRows) {
  MiniBlockState state;
  state.offsets = {0, 1, 2};
  const std::vector<uint64_t> few = {3, 0, 3, 0}, open = {3, 0, 4, 1}, lost = {3, 1, 0, 0}, huge = {~uint64_t{0}, 0, 8, 0};
  EXPECT_THROW(ParseRepetitionIndex(AsBytes(few), 7, state), Error);
  EXPECT_THROW(ParseRepetitionIndex(AsBytes(open), 7, state), Error);
  EXPECT_THROW(ParseRepetitionIndex(AsBytes(lost), 3, state), Error);
  EXPECT_THROW(ParseRepetitionIndex(AsBytes(huge), 7, state), Error);
}

TEST(ChunkTest, SplitsLevelsAndBuffers) {
  std::vector<uint8_t> bytes(64, 0xFE);
  const uint16_t header[] = {3, 6, 6, 12};  // levels, rep bytes, def bytes, one value buffer (2.1)
  std::memcpy(bytes.data(), header, sizeof(header));
  ByteSpan buffer;
  ChunkView view{.buffers = {&buffer, 1}};
  ParseChunk(bytes, false, true, true, view);
  EXPECT_EQ(view.num_levels, 3u);
  EXPECT_EQ(view.rep.data(), bytes.data() + 8);
  EXPECT_EQ(view.def.data(), bytes.data() + 16);
  EXPECT_EQ(view.buffers[0].data(), bytes.data() + 24);
  EXPECT_EQ(view.buffers[0].size(), 12u);
  EXPECT_THROW(ParseChunk(ByteSpan(bytes).first(32), false, true, true, view), Error);
}

}  // namespace
}  // namespace eider::page
