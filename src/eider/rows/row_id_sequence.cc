#include "eider/rows/row_id_sequence.h"

#include <algorithm>
#include <functional>

#include "eider/base/parse_message.h"
#include "eider/proto/rowids.pb.h"

namespace eider::rows {
namespace {

using SegmentProto = ::lance::table::U64Segment;
using ArrayProto = ::lance::table::EncodedU64Array;

uint64_t RangeLength(uint64_t start, uint64_t end) {
  if (end < start) throw Corrupt("row ids: range [{}, {})", start, end);
  return end - start;
}

template <typename T>
std::vector<uint64_t> DecodeOffsets(uint64_t base, const std::string& bytes) {
  if (bytes.size() % sizeof(T) != 0) throw Corrupt("row ids: {} bytes of {}-byte values", bytes.size(), sizeof(T));
  std::vector<uint64_t> values(bytes.size() / sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = CheckedAdd(base, LoadLe<T>(SpanOf(bytes).data() + i * sizeof(T)), "row ids");
  }
  return values;
}

std::vector<uint64_t> DecodeArray(const ArrayProto& array) {
  switch (array.array_case()) {
    case ArrayProto::kU16Array: return DecodeOffsets<uint16_t>(array.u16_array().base(), array.u16_array().offsets());
    case ArrayProto::kU32Array: return DecodeOffsets<uint32_t>(array.u32_array().base(), array.u32_array().offsets());
    case ArrayProto::kU64Array: return DecodeOffsets<uint64_t>(0, array.u64_array().values());
    case ArrayProto::ARRAY_NOT_SET: return {};
  }
  return {};
}

/// [start, end) without `holes`, at most `max_rows` ids.
std::vector<uint64_t> WithoutHoles(uint64_t start, uint64_t end, const std::vector<uint64_t>& holes, uint64_t max_rows) {
  const uint64_t length = RangeLength(start, end);
  if (holes.size() > length || length - holes.size() > max_rows) {
    throw Corrupt("row ids: range [{}, {}) with {} holes in a fragment of {} rows", start, end, holes.size(), max_rows);
  }
  std::vector<uint64_t> ids;
  ids.reserve(length - holes.size());
  uint64_t next = start;
  for (const uint64_t hole : holes) {
    if (hole < next || hole >= end) throw Corrupt("row ids: hole {} in the range [{}, {}) at {}", hole, start, end, next);
    for (; next < hole; ++next) ids.push_back(next);
    ++next;
  }
  for (; next < end; ++next) ids.push_back(next);
  return ids;
}

std::vector<uint64_t> WithBitmap(uint64_t start, uint64_t end, const std::string& bitmap, uint64_t max_rows) {
  const uint64_t length = RangeLength(start, end);
  if (BytesForBits(length) > bitmap.size()) {
    throw Corrupt("row ids: a bitmap of {} bytes for the range [{}, {})", bitmap.size(), start, end);
  }
  const uint8_t* bits = SpanOf(bitmap).data();
  const uint64_t count = CountBits(bits, 0, length);
  if (count > max_rows) throw Corrupt("row ids: {} ids in a fragment of {} rows", count, max_rows);
  std::vector<uint64_t> ids;
  ids.reserve(count);
  for (uint64_t i = 0; i < length; ++i) {
    if (GetBit(bits, i)) ids.push_back(start + i);
  }
  return ids;
}

RowIdSegment Listed(std::vector<uint64_t> ids) { return {.count = ids.size(), .values = std::move(ids)}; }

RowIdSegment ParseSegment(const SegmentProto& proto, uint64_t max_rows) {
  switch (proto.segment_case()) {
    case SegmentProto::kRange:
      return {.start = proto.range().start(), .count = RangeLength(proto.range().start(), proto.range().end())};
    case SegmentProto::kRangeWithHoles: {
      const auto& range = proto.range_with_holes();
      return Listed(WithoutHoles(range.start(), range.end(), DecodeArray(range.holes()), max_rows));
    }
    case SegmentProto::kRangeWithBitmap: {
      const auto& range = proto.range_with_bitmap();
      return Listed(WithBitmap(range.start(), range.end(), range.bitmap(), max_rows));
    }
    case SegmentProto::kSortedArray: return Listed(DecodeArray(proto.sorted_array()));
    case SegmentProto::kArray: return Listed(DecodeArray(proto.array()));
    case SegmentProto::SEGMENT_NOT_SET: break;
  }
  throw Corrupt("row ids: a segment of an unknown kind");
}

template <typename T>
std::string EncodeOffsets(uint64_t base, const std::vector<uint64_t>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  for (size_t i = 0; i < values.size(); ++i) {
    StoreLe<T>(reinterpret_cast<uint8_t*>(bytes.data()) + i * sizeof(T), static_cast<T>(values[i] - base));
  }
  return bytes;
}

uint64_t OffsetBytes(uint64_t span) { return span <= UINT16_MAX ? 2 : span <= UINT32_MAX ? 4 : 8; }

void EncodeArray(const std::vector<uint64_t>& values, ArrayProto* out) {
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  const uint64_t base = values.empty() ? 0 : *min;
  switch (OffsetBytes(values.empty() ? 0 : *max - *min)) {
    case 2:
      out->mutable_u16_array()->set_base(base);
      out->mutable_u16_array()->set_offsets(EncodeOffsets<uint16_t>(base, values));
      return;
    case 4:
      out->mutable_u32_array()->set_base(base);
      out->mutable_u32_array()->set_offsets(EncodeOffsets<uint32_t>(base, values));
      return;
    default: out->mutable_u64_array()->set_values(EncodeOffsets<uint64_t>(0, values));
  }
}

std::vector<uint64_t> HolesIn(const std::vector<uint64_t>& ids) {
  std::vector<uint64_t> holes;
  for (size_t i = 1; i < ids.size(); ++i) {
    for (uint64_t hole = ids[i - 1] + 1; hole < ids[i]; ++hole) holes.push_back(hole);
  }
  return holes;
}

std::string BitmapOf(const std::vector<uint64_t>& ids) {
  std::string bits(BytesForBits(ids.back() - ids[0] + 1), '\0');
  for (const uint64_t id : ids) bits[(id - ids[0]) / 8] = static_cast<char>(bits[(id - ids[0]) / 8] | 1 << (id - ids[0]) % 8);
  return bits;
}

/// Ids that ascend without repeats, in the smallest of three forms.
void EncodeAscending(const std::vector<uint64_t>& ids, SegmentProto* out) {
  const uint64_t last = ids.back() - ids[0];  // the slots less one, which may be 2^64
  const uint64_t array_bytes = ids.size() * OffsetBytes(last);
  const uint64_t holes = last - (ids.size() - 1);
  if (ids.back() == UINT64_MAX) {
    EncodeArray(ids, out->mutable_sorted_array());  // its range would end at 2^64
  } else if (holes < array_bytes / 2 && holes * OffsetBytes(last) < std::min(array_bytes, last / 8 + 1)) {
    auto* range = out->mutable_range_with_holes();
    range->set_start(ids[0]);
    range->set_end(ids.back() + 1);
    EncodeArray(HolesIn(ids), range->mutable_holes());
  } else if (last / 8 + 1 < array_bytes) {
    auto* range = out->mutable_range_with_bitmap();
    range->set_start(ids[0]);
    range->set_end(ids.back() + 1);
    range->set_bitmap(BitmapOf(ids));
  } else {
    EncodeArray(ids, out->mutable_sorted_array());
  }
}

void EncodeSegment(const RowIdSegment& segment, SegmentProto* out) {
  const auto ascends = [&] { return std::ranges::adjacent_find(segment.values, std::greater_equal<>()) == segment.values.end(); };
  if (segment.values.empty()) {
    out->mutable_range()->set_start(segment.start);
    out->mutable_range()->set_end(segment.start + segment.count);
  } else if (ascends()) {
    EncodeAscending(segment.values, out);
  } else {
    EncodeArray(segment.values, out->mutable_array());
  }
}

}  // namespace

void RowIdSequence::Append(RowIdSegment segment) {
  if (segment.count == 0) return;
  size_ += segment.count;
  ends_.push_back(size_);
  segments_.push_back(std::move(segment));
}

RowIdSequence RowIdSequence::FromRange(uint64_t start, uint64_t count) {
  RowIdSequence sequence;
  sequence.Append({.start = start, .count = count});
  return sequence;
}

RowIdSequence RowIdSequence::FromIds(std::span<const uint64_t> ids) {
  constexpr size_t kShortRun = 32;  // shorter runs than these cost more as segments than as one list
  RowIdSequence sequence;
  std::vector<size_t> ends;  // of the runs that ascend
  for (size_t i = 1; i <= ids.size(); ++i) {
    if (i == ids.size() || ids[i] <= ids[i - 1]) ends.push_back(i);
  }
  if (ends.size() > 1 && ids.size() / ends.size() < kShortRun) ends = {ids.size()};
  size_t first = 0;
  for (const size_t end : ends) {
    const std::span<const uint64_t> run = ids.subspan(first, end - first);
    const auto is_gap = [](uint64_t id, uint64_t next) { return next != id + 1; };
    const bool contiguous = std::ranges::adjacent_find(run, is_gap) == run.end();
    sequence.Append(contiguous ? RowIdSegment{.start = run[0], .count = run.size()} : Listed({run.begin(), run.end()}));
    first = end;
  }
  return sequence;
}

void RowIdSequence::Extend(const RowIdSequence& more) {
  for (const RowIdSegment& segment : more.segments_) Append(segment);
}

RowIdSequence RowIdSequence::Parse(ByteSpan bytes, uint64_t max_rows) {
  ::lance::table::RowIdSequence proto;
  if (!ParseMessage(bytes, &proto)) {
    throw Corrupt("row ids: {} bytes do not parse as a sequence", bytes.size());
  }
  RowIdSequence sequence;
  for (const SegmentProto& segment : proto.segments()) {
    sequence.Append(ParseSegment(segment, max_rows));
    if (sequence.size_ > max_rows) {
      throw Corrupt("row ids: more than {} ids in a fragment of {} rows", max_rows, max_rows);
    }
  }
  return sequence;
}

std::string RowIdSequence::Serialize() const {
  ::lance::table::RowIdSequence proto;
  for (const RowIdSegment& segment : segments_) EncodeSegment(segment, proto.add_segments());
  return proto.SerializeAsString();
}

uint64_t RowIdSequence::at(uint64_t i) const {
  uint64_t id = 0;
  Read(i, 1, &id);
  return id;
}

void RowIdSequence::Read(uint64_t first, uint64_t count, uint64_t* out) const {
  EIDER_ASSERT(first <= size_ && count <= size_ - first);
  auto segment = static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), first) - ends_.begin());
  while (count > 0) {
    const RowIdSegment& s = segments_[segment];
    const uint64_t skip = first - (ends_[segment] - s.count);
    const uint64_t n = std::min(count, s.count - skip);
    for (uint64_t i = 0; i < n; ++i) *out++ = s.values.empty() ? s.start + skip + i : s.values[skip + i];
    first += n;
    count -= n;
    ++segment;
  }
}

}  // namespace eider::rows
