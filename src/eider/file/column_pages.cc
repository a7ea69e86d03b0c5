#include "eider/file/column_pages.h"

#include <algorithm>

#include "eider/base/wire.h"
#include "eider/file/column_metadata.h"
#include "eider/page/planar_layout.h"
#include "eider/proto/file2.pb.h"

namespace eider::file {
namespace {

constexpr size_t kHotDecoderBytes = 320;
constexpr uint64_t kDecoderBytes = 1024;  // about what a decoder takes without its state

}  // namespace

ColumnPages::ColumnPages(Buffer metadata, uint64_t file_bytes, FileVersion version, KeptBytes& kept,
                         ColumnSums sums)
    : metadata_(std::move(metadata)), file_bytes_(file_bytes), version_(version), kept_(kept), sums_(std::move(sums)) {
  ByteSpan encoding;
  first_rows_.reserve(2);
  first_rows_.push_back(0);
  WireReader reader(metadata_.span(), "column metadata");
  for (WireField field; reader.Next(field);) {
    if (field.wire_type != kWireBytes) continue;
    if (field.number == ::lance::file::ColumnMetadata::kEncodingFieldNumber) encoding = field.content;
    if (field.number == ::lance::file::ColumnMetadata::kPagesFieldNumber) {
      const uint64_t rows = InContext([&] { return fmt::format("page {}", messages_.size()); }, [&] { return RowsOfPage(field.content); });
      messages_.push_back(field.content);
      first_rows_.push_back(CheckedAdd(first_rows_.back(), rows, "rows"));
    }
  }
  IsBlobColumn(encoding, false);
  if (sums_.file && sums_.pages.size() != messages_.size()) {
    throw Corrupt("checksums of {} pages, the column has {}", sums_.pages.size(), messages_.size());
  }
  pages_.reset(new std::atomic<const Page*>[messages_.size()]());
  kept_.bytes.fetch_add(sizeof *this + metadata_.size() + messages_.size() * 32, std::memory_order_relaxed);
}

ColumnPages::~ColumnPages() {
  for (size_t i = 0; i < messages_.size(); ++i) {
    const std::unique_ptr<const Page> page(pages_[i].load(std::memory_order_relaxed));
    if (page) delete page->decoder.load(std::memory_order_relaxed);
    if (page) delete page->verifier.load(std::memory_order_relaxed);
  }
}

const PageVerifier* ColumnPages::Verifier(size_t index) const {
  if (sums_.file == nullptr) return nullptr;
  const Page& page = Open(index);
  const PageVerifier* verifier = page.verifier.load(std::memory_order_acquire);
  if (verifier != nullptr) return verifier;
  auto made = std::make_unique<const PageVerifier>(page.source, sums_.pages[index], *sums_.file);
  if (!page.verifier.compare_exchange_strong(verifier, made.get(), std::memory_order_acq_rel)) return verifier;
  kept_.bytes.fetch_add(made->kept_bytes(), std::memory_order_relaxed);
  return made.release();
}

std::unique_ptr<ColumnPages::Page> ColumnPages::Parse(size_t index) const {
  const bool is_planar = version_.minor > 2;
  PageMessage message = ParsePage(messages_[index], {.file_bytes = file_bytes_, .page_encoding = is_planar ? "lance.encodings23.PlanarLayout" : "lance.encodings21.PageLayout"});
  auto page = std::make_unique<Page>();
  std::string_view layout(reinterpret_cast<const char*>(message.encoding.data()), message.encoding.size());
  if (is_planar) layout = page->translated = page::TranslatePlanarLayout(layout, message.buffers.size());
  page->source.layout = layout;
  page->source.num_rows = end_row(index) - first_row(index);
  page->source.version_minor = std::min<uint16_t>(version_.minor, 2);
  page->source.buffers = std::move(message.buffers);
  return page;
}

const ColumnPages::Page& ColumnPages::Open(size_t index) const {
  const Page* page = pages_[index].load(std::memory_order_acquire);
  if (page != nullptr) return *page;
  std::unique_ptr<Page> parsed = Parse(index);
  if (!pages_[index].compare_exchange_strong(page, parsed.get(), std::memory_order_acq_rel)) return *page;
  kept_.bytes.fetch_add(sizeof(Page) + 4 * parsed->source.layout.size(), std::memory_order_relaxed);
  return *parsed.release();
}

size_t ColumnPages::FindPage(uint64_t row) const {
  return static_cast<size_t>(std::upper_bound(first_rows_.begin(), first_rows_.end(), row) - first_rows_.begin()) - 1;
}

void ColumnPages::Prefetch(std::span<const size_t> pages) const {
  const auto each = [&](auto&& visit) {
    for (const size_t index : pages) {
      if (const Page* page = pages_[index].load(std::memory_order_acquire)) visit(*page);
    }
  };
  const auto each_decoder = [&](auto&& visit) {
    each([&](const Page& page) {
      if (const LeafDecoder* known = page.decoder.load(std::memory_order_acquire)) visit(*known);
    });
  };
  each([](const Page& page) { __builtin_prefetch(&page.decoder); });
  each_decoder([](const LeafDecoder& known) { __builtin_prefetch(&known); });
  each_decoder([](const LeafDecoder& known) {
    const auto* decoder = reinterpret_cast<const uint8_t*>(known.decoder.get());
    for (size_t at = 0; at < kHotDecoderBytes; at += 64) __builtin_prefetch(decoder + at);
  });
  for (const int step : {0, 1}) each_decoder([step](const LeafDecoder& known) { known.decoder->Prefetch(step); });
}

const page::PageDecoder& ColumnPages::Decoder(size_t index, const std::shared_ptr<const page::LeafSpec>& leaf,
                                              std::unique_ptr<page::PageDecoder>& owned) const {
  const Page& page = Open(index);
  const LeafDecoder* known = page.decoder.load(std::memory_order_acquire);
  if (known == nullptr) {
    auto made = std::make_unique<LeafDecoder>(LeafDecoder{leaf, page::MakePageDecoder(page.source, leaf)});
    const uint64_t bytes = kDecoderBytes + made->decoder->state_bytes();
    const bool keep = kept_.bytes.load(std::memory_order_relaxed) + bytes <= kept_.limit;
    if (!keep) return *(owned = std::move(made->decoder));
    if (page.decoder.compare_exchange_strong(known, made.get(), std::memory_order_acq_rel)) {
      known = made.release();
      kept_.bytes.fetch_add(bytes, std::memory_order_relaxed);
    }
  }
  if (known->leaf == leaf || known->leaf->SameLayout(*leaf)) return *known->decoder;
  owned = page::MakePageDecoder(page.source, leaf);
  return *owned;
}

}  // namespace eider::file
