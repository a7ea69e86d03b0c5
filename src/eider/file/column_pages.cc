#include "eider/file/column_pages.h"

#include <algorithm>

#include "eider/base/parse_message.h"
#include "eider/base/wire.h"
#include "eider/file/column_metadata.h"
#include "eider/page/planar_layout.h"
#include "eider/proto/file2.pb.h"

namespace eider::file {
namespace {

using ::lance::file::Encoding;

constexpr uint64_t kPageAlignment = 64;
constexpr size_t kHotDecoderBytes = 320;
constexpr uint64_t kDecoderBytes = 1024;  // about what a decoder takes without its state

std::string ReadLayout(const ::lance::file::Page& page, FileVersion version) {
  if (version.minor <= 2) return OpenEncoding(page.encoding(), "lance.encodings21.PageLayout", "page encoding");
  const std::string planar = OpenEncoding(page.encoding(), "lance.encodings23.PlanarLayout", "page encoding");
  return page::TranslatePlanarLayout(planar, static_cast<size_t>(page.buffer_offsets_size()));
}

template <typename Message>
void ReadMessage(ByteSpan bytes, const char* what, Message& message) {
  if (!ParseMessage(bytes, &message)) {
    throw Corrupt("{}: {} bytes are no such message", what, bytes.size());
  }
}

uint64_t NumRows(ByteSpan page) {
  uint64_t rows = 0;
  VisitWireFields(page, "page", [&](const WireField& field) {
    if (field.number == ::lance::file::Page::kLengthFieldNumber && field.wire_type == kWireVarint) rows = field.varint;
    return true;
  });
  return rows;
}

void CheckColumnEncoding(const Encoding& column) {
  const std::string bytes = OpenEncoding(column, "lance.encodings.ColumnEncoding", "column encoding");
  ::lance::file::ColumnEncoding encoding;
  if (!ParseMessage(SpanOf(bytes), &encoding)) throw Corrupt("column encoding: {} bytes are no ColumnEncoding", bytes.size());
  if (encoding.has_blob()) throw Unsupported("blob columns");
  if (encoding.has_zone_index()) throw Unsupported("columns with a zone index");
}

void ParseBuffers(const ::lance::file::Page& page, uint64_t file_bytes, page::PageSource& source) {
  if (page.buffer_offsets_size() != page.buffer_sizes_size()) {
    throw Corrupt("{} buffer offsets and {} sizes", page.buffer_offsets_size(), page.buffer_sizes_size());
  }
  source.buffers.reserve(static_cast<size_t>(page.buffer_offsets_size()));
  for (int i = 0; i < page.buffer_offsets_size(); ++i) {
    const ByteRange range{page.buffer_offsets(i), page.buffer_sizes(i)};
    if (range.offset % kPageAlignment != 0) throw Corrupt("buffer {} at {} is not aligned to {}", i, range.offset, kPageAlignment);
    if (range.offset > file_bytes || range.length > file_bytes - range.offset) {
      throw Corrupt("buffer {}: bytes [{}, +{}) of a file of {}", i, range.offset, range.length, file_bytes);
    }
    source.buffers.push_back(range);
  }
}

}  // namespace

ColumnPages::ColumnPages(Buffer metadata, uint64_t file_bytes, FileVersion version, KeptBytes& kept,
                         ColumnSums sums)
    : metadata_(std::move(metadata)), file_bytes_(file_bytes), version_(version), kept_(kept), sums_(std::move(sums)) {
  Encoding encoding;
  first_rows_.push_back(0);
  VisitWireFields(metadata_.span(), "column metadata", [&](const WireField& field) {
    if (field.wire_type != kWireBytes) return true;
    if (field.number == ::lance::file::ColumnMetadata::kEncodingFieldNumber) ReadMessage(field.content, "column encoding", encoding);
    if (field.number == ::lance::file::ColumnMetadata::kPagesFieldNumber) {
      const uint64_t rows = InContext([&] { return fmt::format("page {}", messages_.size()); }, [&] { return NumRows(field.content); });
      messages_.push_back(field.content);
      first_rows_.push_back(CheckedAdd(first_rows_.back(), rows, "rows"));
    }
    return true;
  });
  CheckColumnEncoding(encoding);
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
  ::lance::file::Page message;
  ReadMessage(messages_[index], "page", message);
  auto page = std::make_unique<Page>();
  page->layout = ReadLayout(message, version_);
  page->source.layout = page->layout;
  page->source.num_rows = end_row(index) - first_row(index);
  page->source.version_minor = std::min<uint16_t>(version_.minor, 2);
  ParseBuffers(message, file_bytes_, page->source);
  return page;
}

const ColumnPages::Page& ColumnPages::Open(size_t index) const {
  const Page* page = pages_[index].load(std::memory_order_acquire);
  if (page != nullptr) return *page;
  std::unique_ptr<Page> parsed = Parse(index);
  if (!pages_[index].compare_exchange_strong(page, parsed.get(), std::memory_order_acq_rel)) return *page;
  kept_.bytes.fetch_add(sizeof(Page) + 4 * parsed->layout.size(), std::memory_order_relaxed);
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
