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

TEST(RowIdSequenceTest, WritesIdsInTheSmallestFormThatHoldsThem) {
  using Case = ::lance::table::U64Segment::SegmentCase;
  const auto cases_of = [](const std::vector<uint64_t>& ids) {
    const std::string bytes = RowIdSequence::FromIds(ids).Serialize();
    EXPECT_EQ(All(RowIdSequence::Parse(SpanOf(bytes), ids.size())), ids);
    ::lance::table::RowIdSequence proto;
    EXPECT_TRUE(proto.ParseFromString(bytes));
    std::vector<Case> cases;
    for (const auto& segment : proto.segments()) cases.push_back(segment.segment_case());
    return cases;
  };
  const auto every = [](uint64_t first, uint64_t count, uint64_t step) {
    std::vector<uint64_t> ids(count);
    for (uint64_t i = 0; i < count; ++i) ids[i] = first + i * step;
    return ids;
  };
  std::vector<uint64_t> few_holes = every(50, 1000, 1);
  few_holes.erase(few_holes.begin() + 500);
  EXPECT_EQ(cases_of(few_holes), std::vector{Case::kRangeWithHoles});
  EXPECT_EQ(cases_of(every(7, 1000, 2)), std::vector{Case::kRangeWithBitmap});
  EXPECT_EQ(cases_of(every(7, 1000, 1000)), std::vector{Case::kSortedArray});
  EXPECT_EQ(cases_of({5, 3, 4}), std::vector{Case::kArray});
  EXPECT_EQ(cases_of({UINT64_MAX - 2, UINT64_MAX}), std::vector{Case::kSortedArray});
  std::vector<uint64_t> two_runs = every(500, 100, 1);
  for (uint64_t id = 0; id < 100; ++id) two_runs.push_back(id);
  EXPECT_EQ(cases_of(two_runs), (std::vector{Case::kRange, Case::kRange}));
  EXPECT_EQ(cases_of({}), std::vector<Case>());
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
