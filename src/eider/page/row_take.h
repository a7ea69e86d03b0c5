#pragma once
/// \file
/// A take of single rows of a leaf: rows of many pages, of several files even, in any order and decoded in that order. Rows are
/// found by page state and values extracted by address; all rows go side by side, each pass asking memory for what the next one
/// looks at, so that misses overlap.
///
///     row -> chunk table -> chunk header -> levels, with lists -> where the values lie -> the values
///
/// For mapped files, and pages that have their state (PageDecoder::TakesByAddress).

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eider/page/mini_block_decoder.h"

namespace eider::page {

class RowTake {
 public:
  virtual ~RowTake() = default;

  /// A page of a file mapped at `file`; the decoder outlives this. Returns what Set() calls it, or nothing when the page cannot be
  /// taken from together with those before.
  virtual std::optional<uint32_t> AddPage(const PageDecoder& decoder, const uint8_t* file, size_t number) = 0;
  /// Row `slot` of the take is row `row` of a page.
  void Set(size_t slot, uint32_t page, uint32_t row) { rows_[slot] = {.page = page, .row = row}; }

  /// Finds the chunks of all rows: nothing outside page state is touched. Every slot has been set. False when so many rows share
  /// a chunk that reading chunk by chunk costs less; otherwise the take goes on.
  bool LocateSparse();
  /// In the order in which they are decoded, one for each visit.
  std::span<const ByteSpan> chunks() const { return chunks_; }
  /// The page that a visit goes to, as AddPage() called it, and the range of the file of a chunk of it.
  uint32_t page_of(size_t visit) const { return visits()[visit].page; }
  uint64_t file_offset(size_t visit) const { return static_cast<uint64_t>(chunks_[visit].data() - pages_[page_of(visit)].file); }
  /// Visits chunks [begin, end) and appends the values of their rows, after those before. \throws Error(kCorrupt)
  virtual void Decode(size_t begin, size_t end, LeafOutput& out) = 0;
  /// Gives the rows their slots; after all have been decoded. \throws Error(kCorrupt)
  virtual void Finish(LeafOutput& out) = 0;

 protected:
  struct Page {
    const MiniBlockDecoder* decoder = nullptr;
    const uint8_t* file = nullptr;
    size_t number = 0;
  };
  struct Row {
    uint32_t page = 0;
    uint32_t row = 0;    ///< of the page; of the chunk once that is found
    uint32_t chunk = 0;
  };

  /// `path` names the column in messages and outlives this; `index` is what finds the chunk of a row.
  RowTake(size_t num_rows, const std::string& path, RowIndex MiniBlockState::* index, uint64_t max_rows_per_chunk)
      : path_(path), rows_(num_rows), max_rows_per_chunk_(max_rows_per_chunk), index_(index) {}
  void Locate();
  /// Rows [begin, end) of rows_: what the chunk table says of them has been asked for.
  virtual void LocateBlock(size_t begin, size_t end) = 0;
  const RowIndex& IndexOf(const MiniBlockState& state) const { return state.*index_; }
  const std::vector<Row>& visits() const { return visits_.empty() ? rows_ : visits_; }
  uint32_t KeepPage(const MiniBlockDecoder& page, const uint8_t* file, size_t number);
  const MiniBlockDecoder& PageOf(const Row& row) const { return *pages_[row.page].decoder; }
  ByteSpan ChunkOf(const Row& row) const;
  /// Visits of the largest block.
  size_t BlockSize() const { return std::min(kBlock, chunks_.size()); }
  /// Room for the buffers of visit `i` of a block.
  std::span<ByteSpan> Buffers(size_t i, const MiniBlockDecoder& page) {
    return std::span(buffers_).subspan(i * max_buffers_, page.num_buffers());
  }
  template <typename Body>
  auto InRow(const Row& row, Body&& body) const {
    return InContext([&] { return fmt::format("page {} of column '{}'", pages_[row.page].number, path_); }, [&] {
      return InContext([&] { return fmt::format("chunk {}", row.chunk); }, body);
    });
  }

  /// Rows that go side by side: enough to hide a miss, few enough that what was asked for is still in the cache when it is needed.
  static constexpr size_t kBlock = 64;
  /// A chunk's header, and with levels the first of them.
  static size_t HeadBytes(const MiniBlockDecoder& page) { return page.has_def() || page.has_rep() ? 192 : 16; }

  const std::string& path_;
  std::vector<Page> pages_;
  std::vector<Row> rows_;
  std::vector<Row> visits_;  ///< lists: a row may take several chunks; empty: as rows_
  std::vector<ByteSpan> chunks_;
  uint64_t max_rows_per_chunk_;
  uint64_t num_chunks_ = 0;
  RowIndex MiniBlockState::* const index_;
  size_t max_buffers_ = 1;
  std::vector<ByteSpan> buffers_;  ///< of one block
};

/// For leaves without lists: all pages must have no dictionary, or there is one page.
std::unique_ptr<RowTake> MakeItemTake(size_t num_rows, const std::string& path);
/// For leaves in lists.
std::unique_ptr<RowTake> MakeListTake(size_t num_rows, const std::string& path);

}  // namespace eider::page
