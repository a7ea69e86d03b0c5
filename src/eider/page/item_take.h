#pragma once
/// \file
/// A take of single rows of a leaf without lists: rows of many pages, of several files even, in any order and decoded in that
/// order. A row is found by arithmetic and its value extracted by address; all rows go side by side, each pass asking memory for
/// what the next one looks at, so that misses overlap.
///
///     row -> chunk table -> chunk header -> where the value lies -> the value
///
/// For mapped files, and pages that have their state (PageDecoder::TakesByAddress).

#include <optional>
#include <string>
#include <vector>

#include "eider/page/mini_block_decoder.h"

namespace eider::page {

class ItemTake {
 public:
  /// `path` names the column in messages and outlives this.
  ItemTake(size_t num_rows, const std::string& path) : path_(path), rows_(num_rows) {}

  /// A page of a file mapped at `file`; the decoder outlives this. Returns what Set() calls it, or nothing when the page cannot be
  /// taken from together with those before.
  std::optional<uint32_t> AddPage(const PageDecoder& decoder, const uint8_t* file, size_t number);
  /// Row `slot` of the take is row `row` of a page.
  void Set(size_t slot, uint32_t page, uint32_t row) { rows_[slot] = {.page = page, .row = row}; }

  /// Finds the chunks of all rows: nothing outside page state is touched. Every slot has been set.
  void Locate();
  /// Of each row, in order.
  std::span<const ByteSpan> chunks() const { return chunks_; }
  /// Appends where the chunks lie in the file mapped at `file`.
  void AppendRanges(const uint8_t* file, std::vector<ByteRange>& ranges) const;
  /// Appends rows [begin, end) to `out`, after those before. \throws Error(kCorrupt)
  void Decode(size_t begin, size_t end, LeafOutput& out);
  /// Gives the rows their slots; after all have been decoded.
  void Finish(LeafOutput& out);

 private:
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
  struct Opened {
    uint32_t num_levels = 0;
    ByteSpan def;
  };
  void LocateBlock(size_t begin, size_t end);
  void OpenBlock(size_t begin, size_t end);
  void DecodeRow(size_t i, const Opened& opened, std::span<const ByteSpan> buffers, codec::DecodedValues& values);
  void Reserve(codec::DecodedValues& values, size_t done) const;
  template <typename Body>
  auto InRow(size_t i, Body&& body) const;

  const std::string& path_;
  std::vector<Page> pages_;
  std::vector<Row> rows_;
  std::vector<ByteSpan> chunks_;
  const Layers* layers_ = nullptr;  ///< of the pages that have definition levels
  std::vector<uint16_t> levels_;    ///< empty: all valid
  size_t max_buffers_ = 1;
  std::vector<ByteSpan> buffers_;   ///< of one block
  std::vector<Opened> opened_;
  std::unique_ptr<codec::DecodedValues> keys_;
  codec::DecodedValues* values_ = nullptr;
  uint64_t first_item_ = 0;
};

}  // namespace eider::page
