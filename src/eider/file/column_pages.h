#pragma once
/// \file
/// The pages of one physical column. Its metadata is walked once for the row counts; the description of a page is parsed, and
/// its decoder made, when the page is first touched: a take of one row among hundreds of pages pays for one. The one place that
/// chooses a decoder by file version.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "eider/file/checksums.h"
#include "eider/file/file_reader.h"
#include "eider/file/page_verifier.h"
#include "eider/page/page_decoder.h"

namespace eider::file {

/// What the columns of a file keep between reads: decoders are kept, with chunk tables and dictionaries, up to the limit.
struct KeptBytes {
  std::atomic<uint64_t> bytes{0};
  uint64_t limit = ~uint64_t{0};
};

class ColumnPages {
 public:
  /// `metadata` is a serialized lance.file.ColumnMetadata, kept. \throws Error(kCorrupt)
  /// What is kept, page state to come included, is added to `kept`, which outlives this.
  /// Reads are checked against `sums`, unless empty.
  ColumnPages(Buffer metadata, uint64_t file_bytes, FileVersion version, KeptBytes& kept, ColumnSums sums = {});
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
  /// The decoder of a page. `owned` keeps it alive where it is not shared: another reader knows the column by another type, or the file
  /// keeps as much as it may.
  const page::PageDecoder& Decoder(size_t page, const std::shared_ptr<const page::LeafSpec>& leaf,
                                   std::unique_ptr<page::PageDecoder>& owned) const;

  /// Checks what is read of a page; null when the file has no checksums, or they are not wanted.
  const PageVerifier* Verifier(size_t page) const;
  /// Null when the file says nothing.
  const PageSums* sums(size_t page) const { return sums_.file ? &sums_.pages[page] : nullptr; }

 private:
  struct LeafDecoder {
    std::shared_ptr<const page::LeafSpec> leaf;
    std::unique_ptr<page::PageDecoder> decoder;
  };
  struct Page {
    page::PageSource source;  ///< its layout lies in the metadata, or here:
    std::string translated;   ///< of a page of 2.3
    mutable std::atomic<const LeafDecoder*> decoder{nullptr};
    mutable std::atomic<const PageVerifier*> verifier{nullptr};
  };
  const Page& Open(size_t index) const;
  std::unique_ptr<Page> Parse(size_t index) const;

  const Buffer metadata_;
  const uint64_t file_bytes_;
  const FileVersion version_;
  KeptBytes& kept_;
  const ColumnSums sums_;
  std::vector<ByteSpan> messages_;   // of the pages, within metadata_
  std::vector<uint64_t> first_rows_;
  std::unique_ptr<std::atomic<const Page*>[]> pages_;
};

}  // namespace eider::file
