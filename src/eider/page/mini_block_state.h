#pragma once
/// \file
/// What a mini-block page keeps after its first read: where chunks lie, which values and rows they hold, the dictionary.
///
///     chunk table:        u16 (2.1) or u32 (2.2) per chunk: (bytes / 8 - 1) << 4 | log2(values); the last chunk has log 0
///     repetition index:   u64 pair per chunk: rows that end in it, levels left over of a row that ends later
///     chunk:              | u16 levels | u16 rep bytes? | u16 def bytes? | u16 (2.1) or u32 sizes of the value buffers |
///                         | pad to 8 | rep | def | value buffers |, each padded to 8

#include <span>
#include <vector>

#include "eider/array.h"
#include "eider/base/bytes.h"
#include "eider/page/row_index.h"

namespace eider::page {

struct MiniBlockState {
  std::vector<uint32_t> offsets;   ///< num_chunks + 1, in units of 8 bytes from the start of the chunk buffer
  RowIndex values;                 ///< visible items by chunk
  RowIndex rows;                   ///< lists only: rows by the chunk in which they start
  std::vector<bool> unfinished;    ///< lists only: the last row that started by this chunk's end goes on in the next
  ArrayPtr dictionary;             ///< dictionary pages

  size_t num_chunks() const { return offsets.size() - 1; }
  ByteRange ChunkRange(size_t chunk) const {
    return {uint64_t{offsets[chunk]} * 8, (uint64_t{offsets[chunk + 1]} - offsets[chunk]) * 8};
  }
};

/// Fills offsets and values. \throws Error(kCorrupt) unless the chunks cover `chunk_bytes` and `num_items` exactly.
void ParseChunkTable(ByteSpan table, bool large, uint64_t chunk_bytes, uint64_t num_items, MiniBlockState& state);
/// Fills rows and unfinished.
void ParseRepetitionIndex(ByteSpan index, uint64_t num_rows, MiniBlockState& state);

/// A chunk's parts, spans into it.
struct ChunkView {
  uint32_t num_levels = 0;
  ByteSpan rep, def;
  std::span<ByteSpan> buffers;  ///< as many as the page's num_buffers; the caller's
};
/// `view.buffers` has the size that the page says. \throws Error(kCorrupt)
void ParseChunk(ByteSpan chunk, bool large, bool has_rep, bool has_def, ChunkView& view);

}  // namespace eider::page
