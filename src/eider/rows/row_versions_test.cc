#include "eider/rows/row_versions.h"

#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/proto/rowids.pb.h"

namespace eider::rows {
namespace {

std::vector<uint64_t> VersionsIn(const RowVersions& versions) {
  std::vector<uint64_t> out(versions.size());
  versions.Read(0, out.size(), out.data());
  return out;
}

TEST(RowVersionsTest, RunsOfEveryKindOfSpanCountByTheirLength) {
  ::lance::table::RowDatasetVersionSequence proto;
  const auto add = [&](uint64_t version) {
    auto* run = proto.add_runs();
    run->set_version(version);
    return run->mutable_span();
  };
  auto* range = add(4)->mutable_range();
  range->set_start(100), range->set_end(102);
  auto* holes = add(7)->mutable_range_with_holes();
  holes->set_start(0), holes->set_end(5);
  holes->mutable_holes()->mutable_u16_array()->set_offsets(std::string("\1\0\3\0", 4));
  auto* bitmap = add(7)->mutable_range_with_bitmap();
  bitmap->set_end(8), bitmap->set_bitmap("\x81");
  add(9)->mutable_array()->mutable_u32_array()->set_offsets(std::string(4, '\1'));
  add(1)->mutable_sorted_array()->mutable_u64_array()->set_values(std::string(16, '\0'));
  const RowVersions versions = RowVersions::Parse(SpanOf(proto.SerializeAsString()), 10);
  EXPECT_EQ(VersionsIn(versions), (std::vector<uint64_t>{4, 4, 7, 7, 7, 7, 7, 9, 1, 1}));
  EXPECT_EQ(VersionsIn(RowVersions::Parse(SpanOf(versions.Serialize()), 10)), VersionsIn(versions));
  uint64_t middle[3];
  versions.Read(6, 3, middle);
  EXPECT_EQ((std::vector<uint64_t>{middle, middle + 3}), (std::vector<uint64_t>{7, 9, 1}));
  EXPECT_THROW(RowVersions::Parse(SpanOf(proto.SerializeAsString()), 9), Error);
}

TEST(RowVersionsTest, RefusesSpansThatCannotBe) {
  ::lance::table::RowDatasetVersionSequence proto;
  auto* span = proto.add_runs()->mutable_span();
  EXPECT_THROW(RowVersions::Parse(SpanOf(proto.SerializeAsString()), 100), Error);
  span->mutable_range()->set_start(3);
  EXPECT_THROW(RowVersions::Parse(SpanOf(proto.SerializeAsString()), 100), Error);
  span->mutable_range_with_bitmap()->set_end(9);
  span->mutable_range_with_bitmap()->set_bitmap("\xff");
  EXPECT_THROW(RowVersions::Parse(SpanOf(proto.SerializeAsString()), 100), Error);
}

TEST(RowVersionsTest, EqualNeighboursAreOneRun) {
  RowVersions versions;
  versions.Append(3, 2);
  versions.Append(3, 0);
  versions.Append(3, 5);
  EXPECT_EQ(versions.Serialize(), MakeVersionSequence(7, 3));
}

}  // namespace
}  // namespace eider::rows
