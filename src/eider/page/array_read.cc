#include "eider/page/array_read.h"

#include "eider/array/null_array.h"

namespace eider::page {
namespace {

class NullRead final : public ArrayRead {
 public:
  NullRead(TypePtr type, uint64_t num_rows) : type_(std::move(type)), num_rows_(num_rows) {}
  void Want(std::vector<ByteRange>&) override {}
  void Feed(std::span<const ByteSpan>) override {}
  ArrayPtr Finish() override { return MakeNullArray(type_, static_cast<int64_t>(num_rows_)); }

 private:
  const TypePtr type_;
  const uint64_t num_rows_;
};

}  // namespace

uint64_t CountRows(const RowRanges& ranges) {
  uint64_t rows = 0;
  for (const RowRange& range : ranges) rows += range.count;
  return rows;
}

void AppendRange(RowRanges& ranges, RowRange range) {
  if (range.count == 0) return;
  if (!ranges.empty() && ranges.back().end() == range.first) {
    ranges.back().count += range.count;
  } else {
    ranges.push_back(range);
  }
}

RowRanges ScaleRanges(const RowRanges& ranges, uint64_t factor) {
  RowRanges scaled;
  if (factor == 0) return scaled;
  scaled.reserve(ranges.size());
  for (const RowRange& range : ranges) {
    CheckedMul(range.end(), factor, "fixed-size list");
    scaled.push_back({range.first * factor, range.count * factor});
  }
  return scaled;
}

ArrayReadPtr MakeNullRead(TypePtr type, uint64_t num_rows) { return std::make_unique<NullRead>(std::move(type), num_rows); }

}  // namespace eider::page
