#pragma once
/// \file
/// The pages of one physical column. Its metadata is walked once for the row counts; the description of a page is parsed, and
/// its decoder made, when the page is first touched: a take of one row among hundreds of pages pays for one. The one place that
/// chooses a decoder by file version.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "eider/file/file_reader.h"
#include "eider/page/page_decoder.h"

namespace eider::file {

class ColumnPages {
 public:
  /// `metadata` is a serialized lance.file.ColumnMetadata, kept. \throws Error(kCorrupt)
  /// What is kept, page state to come included, is added to `kept_bytes`, which outlives this.
  ColumnPages(Buffer metadata, uint64_t file_bytes, FileVersion version, std::atomic<uint64_t>& kept_bytes);
  ~ColumnPages();

  size_t num_pages() const { return messages_.size(); }
  /// Rows of all pages, as the column counts them (a fixed-size list of structs counts items).
  uint64_t num_rows() const { return first_rows_.back(); }
  uint64_t first_row(size_t page) const { return first_rows_[page]; }
  uint64_t end_row(size_t page) const { return first_rows_[page + 1]; }
  /// The page that holds `row` < num_rows().
  size_t FindPage(uint64_t row) const;
  /// \throws Error(kCorrupt) as does Decoder.
  const page::PageSource& source(size_t page) const { return Open(page).source; }

  /// Asks for what reads of these pages will look at, page by page in the order given, so that their misses overlap.
  void Prefetch(std::span<const size_t> pages) const;
  /// The decoder of a page. `owned` keeps it alive where it is not shared (another reader knows the column by another type).
  const page::PageDecoder& Decoder(size_t page, const std::shared_ptr<const page::LeafSpec>& leaf,
                                   std::unique_ptr<page::PageDecoder>& owned) const;

 private:
  struct LeafDecoder {
    std::shared_ptr<const page::LeafSpec> leaf;
    std::unique_ptr<page::PageDecoder> decoder;
  };
  struct Page {
    page::PageSource source;
    std::string layout;
    mutable std::atomic<const LeafDecoder*> decoder{nullptr};
  };
  const Page& Open(size_t index) const;
  std::unique_ptr<Page> Parse(size_t index) const;

  const Buffer metadata_;
  const uint64_t file_bytes_;
  const FileVersion version_;
  std::atomic<uint64_t>& kept_bytes_;
  std::vector<ByteSpan> messages_;   // of the pages, within metadata_
  std::vector<uint64_t> first_rows_;
  std::unique_ptr<std::atomic<const Page*>[]> pages_;
};

}  // namespace eider::file
