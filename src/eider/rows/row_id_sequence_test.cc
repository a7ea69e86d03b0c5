#include "eider/rows/row_id_sequence.h"

#include <gtest/gtest.h>

#include "eider/proto/rowids.pb.h"

namespace eider::rows {
namespace {

std::vector<uint64_t> All(const RowIdSequence& sequence) {
  std::vector<uint64_t> ids(sequence.size());
  sequence.Read(0, ids.size(), ids.data());
  return ids;
}
template <typename Proto>
RowIdSequence Parse(const Proto& proto, uint64_t max_rows = 1000) {
  return RowIdSequence::Parse(SpanOf(proto.SerializeAsString()), max_rows);
}

TEST(RowIdSequenceTest, ReadsEveryKindOfSegment) {
  ::lance::table::RowIdSequence proto;
  auto* range = proto.add_segments()->mutable_range();
  range->set_start(5), range->set_end(8);
  auto* holes = proto.add_segments()->mutable_range_with_holes();
  holes->set_start(100), holes->set_end(105);
  holes->mutable_holes()->mutable_u16_array()->set_base(100);
  holes->mutable_holes()->mutable_u16_array()->set_offsets(std::string("\1\0\3\0", 4));
  auto* bitmap = proto.add_segments()->mutable_range_with_bitmap();
  bitmap->set_start(200), bitmap->set_end(208);
  bitmap->set_bitmap("\xcb");  // slots 0, 1, 3, 6, 7: bits are LSB first
  proto.add_segments()->mutable_array()->mutable_u64_array()->set_values(std::string("\x09\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16));
  const RowIdSequence sequence = Parse(proto);
  EXPECT_EQ(All(sequence), (std::vector<uint64_t>{5, 6, 7, 100, 102, 104, 200, 201, 203, 206, 207, 9, 1}));
  EXPECT_EQ(sequence.at(4), 102u);
  EXPECT_EQ(sequence.Find(203), 8u);
  EXPECT_EQ(sequence.Find(6), 1u);
  EXPECT_EQ(sequence.Find(101), std::nullopt);
  EXPECT_EQ(All(RowIdSequence::Parse(SpanOf(sequence.Serialize()), 13)), All(sequence));
}

TEST(RowIdSequenceTest, WritesContiguousIdsAsOneRange) {
  ::lance::table::RowIdSequence proto;
  ASSERT_TRUE(proto.ParseFromString(RowIdSequence::FromRange(7, 3).Serialize()));
  ASSERT_EQ(proto.segments_size(), 1);
  EXPECT_EQ(proto.segments(0).range().start(), 7u);
  EXPECT_EQ(proto.segments(0).range().end(), 10u);
  const std::vector<uint64_t> ids = {3, 900000, 4, uint64_t{1} << 60};
  EXPECT_EQ(All(RowIdSequence::Parse(SpanOf(RowIdSequence::FromIds(ids).Serialize()), 4)), ids);
}

TEST(RowIdSequenceTest, RefusesSequencesThatPromiseMoreThanTheFragmentHolds) {
  ::lance::table::RowIdSequence proto;
  auto* holes = proto.add_segments()->mutable_range_with_holes();
  holes->set_end(uint64_t{1} << 60);
  EXPECT_THROW(Parse(proto), Error);
  proto.mutable_segments(0)->mutable_range()->set_end(1001);
  EXPECT_THROW(Parse(proto), Error);
  proto.mutable_segments(0)->mutable_range()->set_start(2000);
  EXPECT_THROW(Parse(proto), Error);
}

}  // namespace
}  // namespace eider::rows
