#include "eider/file/column_pages.h"

#include <algorithm>

#include "eider/base/parse_message.h"
#include "eider/proto/file2.pb.h"

namespace eider::file {
namespace {

using ::lance::file::ColumnMetadata;
using ::lance::file::Encoding;
using ::lance::file::TypedMessage;

constexpr uint64_t kPageAlignment = 64;

ByteSpan SpanOf(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

// The message inside a direct encoding. The type is named by anything, a slash, and the full name.
std::string OpenEncoding(const Encoding& encoding, std::string_view type, const char* what) {
  if (encoding.location_case() == Encoding::kIndirect) throw Unsupported("{}: a deferred encoding", what);
  TypedMessage message;
  if (encoding.location_case() != Encoding::kDirect || !ParseMessage(SpanOf(encoding.direct().encoding()), &message)) {
    throw Corrupt("{}: no encoding", what);
  }
  const std::string& url = message.type_url();
  const size_t slash = url.rfind('/');
  if (slash == std::string::npos || std::string_view(url).substr(slash + 1) != type) {
    throw Corrupt("{}: encoding of type '{}', expected '{}'", what, url, type);
  }
  return std::move(*message.mutable_value());
}

void CheckColumnEncoding(const ColumnMetadata& metadata) {
  const std::string bytes = OpenEncoding(metadata.encoding(), "lance.encodings.ColumnEncoding", "column encoding");
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

ColumnPages::ColumnPages(Buffer bytes, uint64_t file_bytes, FileVersion version, size_t index, const FileSums* sums)
    : file_sums_(sums) {
  if (sums) sums_ = sums->Column(index, bytes.span());
  ColumnMetadata metadata;
  if (!ParseMessage(bytes.span(), &metadata)) {
    throw Corrupt("column metadata: {} bytes are no ColumnMetadata message", bytes.size());
  }
  CheckColumnEncoding(metadata);
  const size_t num_pages = static_cast<size_t>(metadata.pages_size());
  entries_ = std::make_unique<PageEntry[]>(num_pages);
  pages_ = {entries_.get(), num_pages};
  first_rows_.reserve(num_pages + 1);
  first_rows_.push_back(0);
  for (size_t i = 0; i < num_pages; ++i) {
    InContext([&] { return fmt::format("page {}", i); }, [&] {
      const auto& page = metadata.pages(static_cast<int>(i));
      pages_[i].layout = OpenEncoding(page.encoding(), "lance.encodings21.PageLayout", "page encoding");
      pages_[i].source.layout = pages_[i].layout;
      pages_[i].source.num_rows = page.length();
      pages_[i].source.version_minor = version.minor;
      ParseBuffers(page, file_bytes, pages_[i].source);
      first_rows_.push_back(CheckedAdd(first_rows_.back(), page.length(), "rows"));
    });
  }
  if (sums && sums_.pages.size() != num_pages) throw Corrupt("checksums of {} pages, the column has {}", sums_.pages.size(), num_pages);
}

ColumnPages::~ColumnPages() {
  for (PageEntry& page : pages_) {
    delete page.decoder.load(std::memory_order_relaxed);
    delete page.verifier.load(std::memory_order_relaxed);
  }
}

const PageVerifier* ColumnPages::Verifier(size_t index) const {
  if (file_sums_ == nullptr) return nullptr;
  const PageEntry& page = pages_[index];
  const PageVerifier* verifier = page.verifier.load(std::memory_order_acquire);
  if (verifier != nullptr) return verifier;
  auto made = std::make_unique<const PageVerifier>(page.source, sums_.pages[index], *file_sums_);
  if (!page.verifier.compare_exchange_strong(verifier, made.get(), std::memory_order_acq_rel)) return verifier;
  return made.release();
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
