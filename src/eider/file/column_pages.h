#pragma once
/// \file
/// The pages of one physical column: its metadata, parsed when first touched, and one page decoder per page, made when first
/// read. The one place that chooses a decoder by file version.

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "eider/file/checksums.h"
#include "eider/file/file_reader.h"
#include "eider/file/page_verifier.h"
#include "eider/page/page_decoder.h"

namespace eider::file {

class ColumnPages {
 public:
  /// `metadata` is a serialized lance.file.ColumnMetadata, of column `index`. It is verified against `sums`, which outlive this,
  /// and so are reads, unless null. \throws Error(kCorrupt)
  ColumnPages(Buffer metadata, uint64_t file_bytes, FileVersion version, size_t index = 0, const FileSums* sums = nullptr);
  ~ColumnPages();

  size_t num_pages() const { return pages_.size(); }
  /// Rows of all pages, as the column counts them (a fixed-size list of structs counts items).
  uint64_t num_rows() const { return first_rows_.back(); }
  uint64_t first_row(size_t page) const { return first_rows_[page]; }
  uint64_t end_row(size_t page) const { return first_rows_[page + 1]; }
  /// The page that holds `row` < num_rows().
  size_t FindPage(uint64_t row) const;
  const page::PageSource& source(size_t page) const { return pages_[page].source; }

  /// The decoder of a page. `owned` keeps it alive where it is not shared (another reader knows the column by another type).
  const page::PageDecoder& Decoder(size_t page, const std::shared_ptr<const page::LeafSpec>& leaf,
                                   std::unique_ptr<page::PageDecoder>& owned) const;

  /// Checks what is read of a page; null when the file has no checksums, or they are not wanted.
  const PageVerifier* Verifier(size_t page) const;
  /// Null when the file says nothing.
  const PageSums* sums(size_t page) const { return file_sums_ ? &sums_.pages[page] : nullptr; }

 private:
  struct PageEntry {
    page::PageSource source;
    std::string layout;
    mutable std::atomic<const page::PageDecoder*> decoder{nullptr};
    mutable std::atomic<const PageVerifier*> verifier{nullptr};
    mutable std::shared_ptr<const page::LeafSpec> leaf;  // of `decoder`; set before it is published
  };
  std::unique_ptr<PageEntry[]> entries_;
  std::span<PageEntry> pages_;
  std::vector<uint64_t> first_rows_;
  const FileSums* file_sums_ = nullptr;
  ColumnSums sums_;
  mutable std::mutex mutex_;
};

}  // namespace eider::file
