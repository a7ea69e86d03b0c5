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

bool RowTake::LocateSparse() {
  if (rows_.size() > max_rows_per_chunk_ * num_chunks_) return false;
  Locate();
  uint64_t touched = 0;
  const Row* last = nullptr;
  for (const Row& visit : visits()) {
    touched += last == nullptr || visit.page != last->page || visit.chunk != last->chunk;
    last = &visit;
  }
  return visits().size() <= max_rows_per_chunk_ * touched;
}

void RowTake::Locate() {
  for (size_t begin = 0; begin < rows_.size(); begin += kBlock) {
    const size_t end = std::min(rows_.size(), begin + kBlock);
    for (size_t i = begin; i < end; ++i) IndexOf(*PageOf(rows_[i]).state()).PrefetchRow(rows_[i].row);
    for (size_t i = begin; i < end; ++i) {
      const MiniBlockState& state = *PageOf(rows_[i]).state();
      __builtin_prefetch(state.offsets.data() + IndexOf(state).PrefetchStarts(rows_[i].row));
    }
    LocateBlock(begin, end);
  }
}

}  // namespace eider::page
