#pragma once
/// \file
/// The levels of one mini-block chunk with lists: which levels and values belong to its rows. Either all levels are decoded, or, for a few
/// rows, questions are answered from bit masks and only the rows' own levels are.

#include <span>
#include <vector>

#include "eider/page/mini_block_decoder.h"

namespace eider::page {

/// Half-open ranges within a chunk.
struct ChunkPart {
  uint32_t level_begin = 0, level_end = 0;
  uint32_t value_begin = 0, value_end = 0;  ///< visible items
};

class ChunkLevels {
 public:
  ChunkLevels(const MiniBlockDecoder& page, LevelScratch& scratch) : page_(page), scratch_(scratch) {}

  /// Opens a chunk for `num_rows` row questions (0: for a run of rows). \throws Error(kCorrupt) unless the levels hold the
  /// rows and items that the page's tables say.
  void Open(uint32_t chunk, const ChunkView& view, uint64_t num_rows);
  /// Opens a chunk to be read from its first level to its last, and returns that part. \throws as Open.
  ChunkPart OpenWhole(uint32_t chunk, const ChunkView& view);
  /// What comes before the first row that starts here: the rest of a row begun earlier.
  ChunkPart Preamble() const;
  /// The k-th row that starts here, up to the chunk's end.
  ChunkPart Row(uint32_t k) const;
  /// From the k-th row (or the preamble) up to row `end`, or to the chunk's end.
  static constexpr uint32_t kFromStart = UINT32_MAX;
  ChunkPart Rows(uint32_t k, uint32_t end) const;
  /// The levels of a part of a run of rows.
  std::span<const uint16_t> rep(const ChunkPart& part) const { return Part(rep_, part); }
  std::span<const uint16_t> def(const ChunkPart& part) const { return page_.has_def() ? Part(def_, part) : std::span<const uint16_t>(); }
  /// Appends the levels of a part.
  void Append(const ChunkPart& part, std::vector<uint16_t>& rep, std::vector<uint16_t>& def);
  /// Scratch for whoever reads values.
  std::vector<uint32_t>& positions() { return scratch_.positions; }

 private:
  static std::span<const uint16_t> Part(std::span<const uint16_t> levels, const ChunkPart& part) {
    return levels.subspan(part.level_begin, part.level_end - part.level_begin);
  }
  void Start(uint32_t chunk, const ChunkView& view);
  void DecodeLevels();
  void Decode();
  void BuildMasks();
  std::span<const uint16_t> Decoded(const codec::LevelDecompressor& levels, ByteSpan block, std::vector<uint16_t>& buffer) const;
  void AppendRep(const ChunkPart& part, std::vector<uint16_t>& out);
  void AppendDef(const ChunkPart& part, std::vector<uint16_t>& out);
  bool HasRow(uint32_t level) const { return row_mask_[level / 64] >> (level % 64) & 1; }
  bool HasValue(uint32_t level) const { return value_mask_[level / 64] >> (level % 64) & 1; }
  void Check(uint64_t num_rows, uint64_t num_values, bool starts_with_row) const;
  uint32_t LevelOf(uint32_t k) const;
  uint32_t ValuesBefore(uint32_t level) const;

  const MiniBlockDecoder& page_;
  LevelScratch& scratch_;
  const ChunkView* view_ = nullptr;
  uint32_t chunk_ = 0;
  uint32_t num_rows_ = 0;  // that start here
  bool masked_ = false;
  bool few_rows_ = false;  ///< are wanted of the chunk
  std::span<const uint16_t> rep_, def_;                  // masked: empty while nobody needed them decoded
  std::span<const uint32_t> row_levels_, row_values_;    // decoded: where rows start, and the ends
  std::span<const uint64_t> row_mask_, value_mask_;      // masked: row starts; entries with a value (empty: all of them)
};

}  // namespace eider::page
