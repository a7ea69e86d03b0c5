#include "eider/file/column_metadata.h"

#include "eider/base/parse_message.h"
#include "eider/proto/file2.pb.h"

namespace eider::file {
namespace {

namespace proto = ::lance::file;

bool IsBlobColumn(const proto::ColumnMetadata& metadata, const ColumnRules& rules) {
  const std::string bytes = OpenEncoding(metadata.encoding(), "lance.encodings.ColumnEncoding", "column encoding");
  proto::ColumnEncoding encoding;
  if (!ParseMessage(SpanOf(bytes), &encoding)) throw Corrupt("column encoding: {} bytes are no ColumnEncoding", bytes.size());
  if (encoding.has_blob() && !rules.may_be_blob) throw Unsupported("blob columns");
  if (encoding.has_zone_index()) throw Unsupported("columns with a zone index");
  return encoding.has_blob();
}

template <typename Message>
std::vector<ByteRange> ParseBuffers(const Message& message, uint64_t alignment, uint64_t file_bytes) {
  if (message.buffer_offsets_size() != message.buffer_sizes_size()) {
    throw Corrupt("{} buffer offsets and {} sizes", message.buffer_offsets_size(), message.buffer_sizes_size());
  }
  std::vector<ByteRange> buffers;
  buffers.reserve(static_cast<size_t>(message.buffer_offsets_size()));
  for (int i = 0; i < message.buffer_offsets_size(); ++i) {
    const ByteRange range{message.buffer_offsets(i), message.buffer_sizes(i)};
    if (range.offset % alignment != 0) throw Corrupt("buffer {} at {} is not aligned to {}", i, range.offset, alignment);
    if (range.offset > file_bytes || range.length > file_bytes - range.offset) {
      throw Corrupt("buffer {}: bytes [{}, +{}) of a file of {}", i, range.offset, range.length, file_bytes);
    }
    buffers.push_back(range);
  }
  return buffers;
}

}  // namespace

// The type is named by anything, a slash, and the full name.
std::string OpenEncoding(const proto::Encoding& encoding, std::string_view type, const char* what) {
  if (encoding.location_case() == proto::Encoding::kIndirect) throw Unsupported("{}: a deferred encoding", what);
  proto::TypedMessage message;
  if (encoding.location_case() != proto::Encoding::kDirect || !ParseMessage(SpanOf(encoding.direct().encoding()), &message)) {
    throw Corrupt("{}: no encoding", what);
  }
  const std::string& url = message.type_url();
  const size_t slash = url.rfind('/');
  if (slash == std::string::npos || std::string_view(url).substr(slash + 1) != type) {
    // What releases wrote before the version was settled carries its number, too.
    if (url.ends_with("/lance.encodings.PageLayout")) throw Unsupported("{}: '{}' of an unfinished version 2.1", what, url);
    if (type == "lance.encodings23.PlanarLayout") throw Unsupported("{}: '{}' of an unfinished version 2.3", what, url);
    throw Corrupt("{}: encoding of type '{}', expected '{}'", what, url, type);
  }
  return std::move(*message.mutable_value());
}

CheckedColumn ParseColumnMetadata(ByteSpan bytes, const ColumnRules& rules) {
  proto::ColumnMetadata metadata;
  if (!ParseMessage(bytes, &metadata)) {
    throw Corrupt("column metadata: {} bytes are no ColumnMetadata message", bytes.size());
  }
  CheckedColumn column{.is_blob = IsBlobColumn(metadata, rules)};
  column.buffers = ParseBuffers(metadata, 1, rules.file_bytes);
  column.pages.reserve(static_cast<size_t>(metadata.pages_size()));
  for (int i = 0; i < metadata.pages_size(); ++i) {
    InContext([&] { return fmt::format("page {}", i); }, [&] {
      const proto::Page& page = metadata.pages(i);
      column.pages.push_back({.buffers = ParseBuffers(page, rules.alignment, rules.file_bytes),
                              .num_rows = page.length(),
                              .encoding = OpenEncoding(page.encoding(), rules.page_encoding, "page encoding")});
    });
  }
  return column;
}

}  // namespace eider::file
