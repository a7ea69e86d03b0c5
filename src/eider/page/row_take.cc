#include "eider/page/row_take.h"

#include <algorithm>

namespace eider::page {

uint32_t RowTake::KeepPage(const MiniBlockDecoder& page, const uint8_t* file, size_t number) {
  max_buffers_ = std::max<size_t>(max_buffers_, page.num_buffers());
  num_chunks_ += page.state()->num_chunks();
  pages_.push_back({&page, file, number});
  return static_cast<uint32_t>(pages_.size() - 1);
}

ByteSpan RowTake::ChunkOf(const Row& row) const {
  const ByteRange range = PageOf(row).ChunkRange(row.chunk);
  return {pages_[row.page].file + range.offset, range.length};
}

void RowTake::AppendRanges(const uint8_t* file, std::vector<ByteRange>& ranges) const {
  const std::vector<Row>& visits = visits_.empty() ? rows_ : visits_;
  for (size_t i = 0; i < visits.size(); ++i) {
    if (pages_[visits[i].page].file == file) ranges.push_back({static_cast<uint64_t>(chunks_[i].data() - file), chunks_[i].size()});
  }
}

}  // namespace eider::page
