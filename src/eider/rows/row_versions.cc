#include "eider/rows/row_versions.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/base/parse_message.h"
#include "eider/proto/rowids.pb.h"

namespace eider::rows {
namespace {

using SpanProto = ::lance::table::U64Segment;

uint64_t CountOf(const ::lance::table::EncodedU64Array& array) {
  return array.u16_array().offsets().size() / 2 + array.u32_array().offsets().size() / 4 + array.u64_array().values().size() / 8;
}

uint64_t RangeRows(uint64_t start, uint64_t end, uint64_t holes) {
  if (end < start || end - start < holes) throw Corrupt("row versions: the range [{}, {}) with {} holes", start, end, holes);
  return end - start - holes;
}

uint64_t SetBits(const SpanProto::RangeWithBitmap& range) {
  const uint64_t slots = RangeRows(range.start(), range.end(), 0);
  if (BytesForBits(slots) > range.bitmap().size()) {
    throw Corrupt("row versions: a bitmap of {} bytes for the range [{}, {})", range.bitmap().size(), range.start(), range.end());
  }
  return CountBits(SpanOf(range.bitmap()).data(), 0, slots);
}

uint64_t RowsOf(const SpanProto& span) {
  switch (span.segment_case()) {
    case SpanProto::kRange: return RangeRows(span.range().start(), span.range().end(), 0);
    case SpanProto::kRangeWithHoles:
      return RangeRows(span.range_with_holes().start(), span.range_with_holes().end(), CountOf(span.range_with_holes().holes()));
    case SpanProto::kRangeWithBitmap: return SetBits(span.range_with_bitmap());
    case SpanProto::kSortedArray: return CountOf(span.sorted_array());
    case SpanProto::kArray: return CountOf(span.array());
    case SpanProto::SEGMENT_NOT_SET: break;
  }
  throw Corrupt("row versions: a span of an unknown kind");
}

}  // namespace

RowVersions RowVersions::Parse(ByteSpan bytes, uint64_t max_rows) {
  ::lance::table::RowDatasetVersionSequence proto;
  if (!ParseMessage(bytes, &proto)) throw Corrupt("row versions: {} bytes do not parse as a sequence", bytes.size());
  RowVersions out;
  for (const auto& run : proto.runs()) {
    const uint64_t num_rows = RowsOf(run.span());
    if (num_rows > max_rows - out.size()) throw Corrupt("row versions: more than {} rows in a fragment of as many", max_rows);
    out.Append(run.version(), num_rows);
  }
  return out;
}

void RowVersions::Append(uint64_t version, uint64_t num_rows) {
  if (num_rows == 0) return;
  if (!versions_.empty() && versions_.back() == version) {
    ends_.back() += num_rows;
    return;
  }
  ends_.push_back(size() + num_rows);
  versions_.push_back(version);
}

std::string RowVersions::Serialize() const {
  ::lance::table::RowDatasetVersionSequence proto;
  uint64_t start = 0;
  for (size_t i = 0; i < versions_.size(); ++i) {
    auto* run = proto.add_runs();
    run->mutable_span()->mutable_range()->set_start(start);
    run->mutable_span()->mutable_range()->set_end(ends_[i]);
    run->set_version(versions_[i]);
    start = ends_[i];
  }
  return proto.SerializeAsString();
}

void RowVersions::Read(uint64_t first, uint64_t count, uint64_t* out) const {
  EIDER_ASSERT(first <= size() && count <= size() - first);
  auto run = static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), first) - ends_.begin());
  for (; count > 0; ++run) {
    const uint64_t n = std::min(count, ends_[run] - first);
    out = std::fill_n(out, n, versions_[run]);
    first += n;
    count -= n;
  }
}

std::string MakeVersionSequence(uint64_t num_rows, uint64_t version) {
  RowVersions versions;
  versions.Append(version, num_rows);
  return versions.Serialize();
}

}  // namespace eider::rows
