#include "eider/page/v2_0/ends_read.h"

#include "eider/base/memory.h"

namespace eider::page::v2_0 {
namespace {

using ::lance::encodings::ArrayEncoding;

// Each range with the end before it.
RowRanges WithStarts(const RowRanges& ranges) {
  RowRanges out;
  out.reserve(ranges.size());
  for (const RowRange& range : ranges) {
    const uint64_t before = range.first > 0;
    out.push_back({range.first - before, range.count + before});
  }
  return out;
}

class ListPageRead final : public ListRead {
 public:
  ListPageRead(EndsRead ends, uint64_t num_items) : ends_(std::move(ends)), num_items_(num_items) {}
  void Want(std::vector<ByteRange>& wants) override { ends_.Want(wants); }
  void Feed(std::span<const ByteSpan> bytes) override { ends_.Feed(bytes); }
  ListRows Finish() override {
    ListRows rows = ends_.Finish();
    if (!rows.items.empty() && rows.items.back().end() > num_items_) {
      throw Corrupt("list: items up to {} of {}", rows.items.back().end(), num_items_);
    }
    return rows;
  }

 private:
  EndsRead ends_;
  const uint64_t num_items_;
};

}  // namespace

TypePtr StoredIntegerType(const ArrayEncoding& encoding, int depth) {
  if (depth > kMaxDepth) throw Corrupt("array encoding: nested too deep");
  uint64_t bits = 0;
  switch (encoding.array_encoding_case()) {
    case ArrayEncoding::kFlat: bits = encoding.flat().bits_per_value(); break;
    case ArrayEncoding::kBitpacked: bits = encoding.bitpacked().uncompressed_bits_per_value(); break;
    case ArrayEncoding::kBitpackedForNonNeg: bits = encoding.bitpacked_for_non_neg().uncompressed_bits_per_value(); break;
    case ArrayEncoding::kNullable:
      if (encoding.nullable().has_no_nulls()) return StoredIntegerType(encoding.nullable().no_nulls().values(), depth + 1);
      if (encoding.nullable().has_some_nulls()) return StoredIntegerType(encoding.nullable().some_nulls().values(), depth + 1);
      break;
    default: break;
  }
  switch (bits) {
    case 8: return MakeType(TypeId::kUInt8);
    case 16: return MakeType(TypeId::kUInt16);
    case 32: return MakeType(TypeId::kUInt32);
    case 64: return MakeType(TypeId::kUInt64);
    default: throw Corrupt("{}: no encoding of integers", DescribeArrayEncoding(encoding));
  }
}

uint64_t IntegerAt(const Array& array, uint64_t i) {
  const uint8_t* data = array.buffers[0].data();
  switch (array.type->id) {
    case TypeId::kUInt8: return data[i];
    case TypeId::kUInt16: return LoadLe<uint16_t>(data + 2 * i);
    case TypeId::kUInt32: return LoadLe<uint32_t>(data + 4 * i);
    default: return LoadLe<uint64_t>(data + 8 * i);
  }
}

EndsRead::EndsRead(const ArrayEncoding& ends, uint64_t null_adjustment, const PageBuffers& buffers, RowRanges ranges, int depth)
    : null_adjustment_(null_adjustment),
      ranges_(std::move(ranges)),
      num_values_(CountRows(ranges_)),
      type_(StoredIntegerType(ends, depth)),
      read_(MakeArrayRead(ends, buffers, type_, WithStarts(ranges_), depth + 1)) {}

ListRows EndsRead::Finish() {
  const ArrayPtr ends = read_->Finish();
  ListRows rows;
  rows.lengths.reserve(num_values_);
  BitBuilder validity;
  uint64_t at = 0, last = 0;
  const auto next = [&](bool& is_null) {
    const uint64_t stored = IntegerAt(*ends, at++);
    is_null = null_adjustment_ != 0 && stored >= null_adjustment_;
    return is_null ? stored - null_adjustment_ : stored;
  };
  for (const RowRange& range : ranges_) {
    bool is_null = false;
    const uint64_t first = range.first == 0 ? 0 : next(is_null);
    uint64_t start = first;
    if (first < last) throw Corrupt("ends: {} after {}", first, last);
    for (uint64_t i = 0; i < range.count; ++i) {
      const uint64_t end = next(is_null);
      if (end < start) throw Corrupt("ends: {} after {}", end, start);
      if (is_null && validity.size() == 0) validity.AppendFill(num_values_, true);
      if (is_null) ClearBit(validity.data(), rows.lengths.size());
      rows.lengths.push_back(end - start);
      start = end;
    }
    AppendRange(rows.items, {first, start - first});
    last = start;
  }
  if (validity.size() > 0) rows.validity = validity.Finish();
  return rows;
}

std::unique_ptr<ListRead> MakeListRead(const ArrayEncoding& encoding, const PageBuffers& buffers, RowRanges ranges) {
  if (!encoding.has_list()) throw Corrupt("a page of lists is encoded as {}", DescribeArrayEncoding(encoding));
  const auto& list = encoding.list();
  return std::make_unique<ListPageRead>(EndsRead(list.offsets(), list.null_offset_adjustment(), buffers, std::move(ranges), 0),
                                        list.num_items());
}

}  // namespace eider::page::v2_0
