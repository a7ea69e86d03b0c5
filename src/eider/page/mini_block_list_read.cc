#include <algorithm>

#include "eider/page/chunk_levels.h"
#include "eider/page/mini_block_read.h"
#include "eider/page/unravel.h"

namespace eider::page {
namespace {

class MiniBlockListRead final : public MiniBlockRead {
 public:
  using MiniBlockRead::MiniBlockRead;
  bool DefersLevels() const override { return !selection_.is_range(); }

 private:
  /// Consecutive rows of the selection that start in one chunk; the last of them may go on in the chunks after it.
  struct Run {
    uint32_t chunk;
    uint32_t num_chunks;
    uint64_t begin, end;  // of the selection
  };

  void Plan(std::vector<ByteRange>& wants) override {
    const RowIndex& rows = page_.state()->rows;
    for (uint64_t i = 0; i < selection_.count;) {
      const uint32_t chunk = static_cast<uint32_t>(rows.Find(static_cast<uint32_t>(selection_.Row(i))));
      uint64_t end = selection_.count;
      uint32_t last = chunk;
      if (selection_.is_range()) {
        last = static_cast<uint32_t>(rows.Find(static_cast<uint32_t>(selection_.Row(end - 1))));
      } else {
        end = i + 1;
        while (end < selection_.count && !GoesOn(chunk, selection_.Row(end - 1)) && StartsIn(chunk, selection_.Row(end))) ++end;
      }
      while (GoesOn(last, selection_.Row(end - 1))) ++last;
      runs_.push_back({chunk, last - chunk + 1, i, end});
      for (uint32_t c = chunk; c <= last; ++c) wants.push_back(page_.ChunkRange(c));
      i = end;
    }
  }
  bool StartsIn(uint32_t chunk, uint64_t row) const {
    const RowIndex& rows = page_.state()->rows;
    return row >= rows.start(chunk) && row < rows.start(chunk + 1);
  }
  // The row, begun in or before this chunk, is the last one here and not finished by it.
  bool GoesOn(uint32_t chunk, uint64_t row) const {
    return page_.state()->unfinished[chunk] && page_.state()->rows.start(chunk + 1) == row + 1;
  }

  void DecodeInto(codec::DecodedValues& values, LeafOutput& out) override {
    ChunkLevels levels(page_, out.scratch);
    PendingLists* pending = selection_.is_range() ? nullptr : &DeferLists(page_.layers(), out);
    size_t fed = 0;
    for (const Run& run : runs_) {
      for (uint32_t k = 0; k < run.num_chunks; ++k, ++fed) {
        Prefetch(fed);
        InContext([&] { return fmt::format("chunk {}", run.chunk + k); }, [&] {
          page_.OpenChunk(run.chunk + k, chunks_[fed], view_);
          if (selection_.is_range()) {
            DecodeRange(levels, run.chunk + k, k == 0, values, out);
            ReserveRest(fed, out);
          } else {
            DecodeRows(levels, run, run.chunk + k, k == 0, values, *pending);
          }
        });
      }
    }
  }

  void DecodeRange(ChunkLevels& levels, uint32_t chunk, bool first_chunk, codec::DecodedValues& values, LeafOutput& out) {
    const RowIndex& rows = page_.state()->rows;
    const uint64_t end_row = selection_.first + selection_.count;
    const uint32_t end = end_row < rows.start(chunk + 1) ? static_cast<uint32_t>(end_row - rows.start(chunk)) : rows.count(chunk);
    const uint32_t first = first_chunk ? static_cast<uint32_t>(selection_.first - rows.start(chunk)) : ChunkLevels::kFromStart;
    const bool whole = end == rows.count(chunk) && (!first_chunk || (first == 0 && (chunk == 0 || !page_.state()->unfinished[chunk - 1])));
    if (!whole) levels.Open(chunk, view_, 0);
    const ChunkPart part = whole ? levels.OpenWhole(chunk, view_) : levels.Rows(first, end);
    UnravelLists(page_.layers(), levels.rep(part), levels.def(part), out);
    if (part.value_begin == part.value_end) return;
    page_.values().AppendRange(view_.buffers, page_.state()->values.count(chunk), part.value_begin,
                               part.value_end - part.value_begin, values);
  }

  void DecodeRows(ChunkLevels& levels, const Run& run, uint32_t chunk, bool first_chunk, codec::DecodedValues& values,
                  PendingLists& pending) {
    levels.Open(chunk, view_, first_chunk ? run.end - run.begin : 1);
    std::vector<uint32_t>& positions = levels.positions();
    positions.clear();
    const auto add = [&](const ChunkPart& part) {
      levels.Append(part, pending.rep, pending.def);
      for (uint32_t v = part.value_begin; v < part.value_end; ++v) positions.push_back(v);
    };
    if (first_chunk) {
      const uint32_t start = page_.state()->rows.start(chunk);
      for (uint64_t i = run.begin; i < run.end; ++i) add(levels.Row(static_cast<uint32_t>(selection_.Row(i) - start)));
    } else {
      add(levels.Preamble());
    }
    if (positions.empty()) return;
    page_.values().AppendAt(view_.buffers, page_.state()->values.count(chunk), positions, values);
  }

  std::vector<Run> runs_;
};

}  // namespace

std::unique_ptr<PageRead> MakeMiniBlockListRead(const MiniBlockDecoder& page, const RowSelection& selection) {
  return std::make_unique<MiniBlockListRead>(page, selection);
}

}  // namespace eider::page
