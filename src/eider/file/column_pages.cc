#include "eider/file/column_pages.h"

#include <algorithm>

#include "eider/file/column_metadata.h"

namespace eider::file {

ColumnPages::ColumnPages(Buffer bytes, uint64_t file_bytes, FileVersion version) {
  ColumnMetadata metadata =
      ParseColumnMetadata(bytes.span(), {.file_bytes = file_bytes, .page_encoding = "lance.encodings21.PageLayout"});
  const size_t num_pages = metadata.pages.size();
  entries_ = std::make_unique<PageEntry[]>(num_pages);
  pages_ = {entries_.get(), num_pages};
  first_rows_.reserve(num_pages + 1);
  first_rows_.push_back(0);
  for (size_t i = 0; i < num_pages; ++i) {
    PageMetadata& page = metadata.pages[i];
    pages_[i].layout = std::move(page.encoding);
    pages_[i].source = {.buffers = std::move(page.buffers), .num_rows = page.num_rows, .layout = pages_[i].layout,
                        .version_minor = version.minor};
    first_rows_.push_back(CheckedAdd(first_rows_.back(), page.num_rows, "rows"));
  }
}

ColumnPages::~ColumnPages() {
  for (PageEntry& page : pages_) delete page.decoder.load(std::memory_order_relaxed);
}

size_t ColumnPages::FindPage(uint64_t row) const {
  return static_cast<size_t>(std::upper_bound(first_rows_.begin(), first_rows_.end(), row) - first_rows_.begin()) - 1;
}

const page::PageDecoder& ColumnPages::Decoder(size_t index, const std::shared_ptr<const page::LeafSpec>& leaf,
                                              std::unique_ptr<page::PageDecoder>& owned) const {
  const PageEntry& page = pages_[index];
  const page::PageDecoder* decoder = page.decoder.load(std::memory_order_acquire);
  if (decoder == nullptr) {
    std::lock_guard lock(mutex_);
    decoder = page.decoder.load(std::memory_order_relaxed);
    if (decoder == nullptr) {
      std::unique_ptr<page::PageDecoder> made = page::MakePageDecoder(page.source, leaf);
      page.leaf = leaf;
      decoder = made.release();
      page.decoder.store(decoder, std::memory_order_release);
    }
  }
  if (page.leaf == leaf || page.leaf->SameLayout(*leaf)) return *decoder;
  owned = page::MakePageDecoder(page.source, leaf);
  return *owned;
}

}  // namespace eider::file
