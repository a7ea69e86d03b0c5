#include "eider/file/column_metadata.h"

#include "eider/base/wire.h"
#include "eider/proto/file2.pb.h"

namespace eider::file {
namespace {

namespace proto = ::lance::file;

std::string_view TextOf(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// The last one of a field of bytes or of a message; absent when there is none.
ByteSpan LastField(ByteSpan message, uint32_t number, const char* what) {
  ByteSpan found;
  WireReader reader(message, what);
  for (WireField field; reader.Next(field);) {
    if (field.number == number && field.wire_type == kWireBytes) found = field.content;
  }
  return found;
}

/// What a direct encoding holds; of several places the last one counts.
ByteSpan OpenDirect(ByteSpan encoding, const char* what) {
  uint32_t place = 0;
  ByteSpan content;
  WireReader reader(encoding, what);
  for (WireField field; reader.Next(field);) {
    if (field.wire_type != kWireBytes || field.number < proto::Encoding::kIndirectFieldNumber || field.number > proto::Encoding::kNoneFieldNumber) continue;
    place = field.number;
    content = field.content;
  }
  if (place == proto::Encoding::kIndirectFieldNumber) throw Unsupported("{}: a deferred encoding", what);
  if (place != proto::Encoding::kDirectFieldNumber) throw Corrupt("{}: no encoding", what);
  return LastField(content, proto::DirectEncoding::kEncodingFieldNumber, what);
}

// The type is named by anything, a slash, and the full name.
ByteSpan OpenEncoding(ByteSpan encoding, std::string_view type, const char* what) {
  std::string_view url;
  ByteSpan value;
  WireReader reader(OpenDirect(encoding, what), what);
  for (WireField field; reader.Next(field);) {
    if (field.wire_type != kWireBytes) continue;
    if (field.number == proto::TypedMessage::kTypeUrlFieldNumber) url = TextOf(field.content);
    if (field.number == proto::TypedMessage::kValueFieldNumber) value = field.content;
  }
  const size_t slash = url.rfind('/');
  if (slash != std::string_view::npos && url.substr(slash + 1) == type) return value;
  // What releases wrote before the version was settled carries its number, too.
  if (url.ends_with("/lance.encodings.PageLayout")) throw Unsupported("{}: '{}' of an unfinished version 2.1", what, url);
  if (type == "lance.encodings23.PlanarLayout") throw Unsupported("{}: '{}' of an unfinished version 2.3", what, url);
  throw Corrupt("{}: encoding of type '{}', expected '{}'", what, url, type);
}

std::vector<ByteRange> CheckBuffers(std::span<const uint64_t> offsets, std::span<const uint64_t> sizes, uint64_t alignment, uint64_t file_bytes) {
  if (offsets.size() != sizes.size()) throw Corrupt("{} buffer offsets and {} sizes", offsets.size(), sizes.size());
  std::vector<ByteRange> buffers;
  buffers.reserve(offsets.size());
  for (size_t i = 0; i < offsets.size(); ++i) {
    const ByteRange range{offsets[i], sizes[i]};
    if (range.offset % alignment != 0) throw Corrupt("buffer {} at {} is not aligned to {}", i, range.offset, alignment);
    if (range.offset > file_bytes || range.length > file_bytes - range.offset) {
      throw Corrupt("buffer {}: bytes [{}, +{}) of a file of {}", i, range.offset, range.length, file_bytes);
    }
    buffers.push_back(range);
  }
  return buffers;
}

}  // namespace

bool IsBlobColumn(ByteSpan encoding, bool may_be_blob) {
  uint32_t kind = 0;
  WireReader reader(OpenEncoding(encoding, "lance.encodings.ColumnEncoding", "column encoding"), "column encoding");
  for (WireField field; reader.Next(field);) {
    if (field.wire_type == kWireBytes) kind = field.number;
  }
  const bool is_blob = kind == proto::ColumnEncoding::kBlobFieldNumber;
  if (is_blob && !may_be_blob) throw Unsupported("blob columns");
  if (kind == proto::ColumnEncoding::kZoneIndexFieldNumber) throw Unsupported("columns with a zone index");
  return is_blob;
}

uint64_t RowsOfPage(ByteSpan bytes) {
  uint64_t rows = 0;
  WireReader reader(bytes, "page");
  for (WireField field; reader.Next(field);) {
    if (field.number == proto::Page::kLengthFieldNumber && field.wire_type == kWireVarint) rows = field.varint;
  }
  return rows;
}

PageMessage ParsePage(ByteSpan bytes, const ColumnRules& rules) {
  PageMessage page;
  std::vector<uint64_t> offsets, sizes;
  ByteSpan encoding;
  WireReader reader(bytes, "page");
  for (WireField field; reader.Next(field);) {
    if (field.number == proto::Page::kBufferOffsetsFieldNumber) AppendWireNumbers(field, "page", offsets);
    if (field.number == proto::Page::kBufferSizesFieldNumber) AppendWireNumbers(field, "page", sizes);
    if (field.number == proto::Page::kLengthFieldNumber && field.wire_type == kWireVarint) page.num_rows = field.varint;
    if (field.number == proto::Page::kEncodingFieldNumber && field.wire_type == kWireBytes) encoding = field.content;
  }
  page.buffers = CheckBuffers(offsets, sizes, rules.alignment, rules.file_bytes);
  page.encoding = OpenEncoding(encoding, rules.page_encoding, "page encoding");
  return page;
}

CheckedColumn ParseColumnMetadata(ByteSpan bytes, const ColumnRules& rules) {
  CheckedColumn column;
  std::vector<uint64_t> offsets, sizes;
  ByteSpan encoding;
  WireReader reader(bytes, "column metadata");
  for (WireField field; reader.Next(field);) {
    if (field.number == proto::ColumnMetadata::kBufferOffsetsFieldNumber) AppendWireNumbers(field, "column metadata", offsets);
    if (field.number == proto::ColumnMetadata::kBufferSizesFieldNumber) AppendWireNumbers(field, "column metadata", sizes);
    if (field.wire_type != kWireBytes) continue;
    if (field.number == proto::ColumnMetadata::kEncodingFieldNumber) encoding = field.content;
    if (field.number != proto::ColumnMetadata::kPagesFieldNumber) continue;
    InContext([&] { return fmt::format("page {}", column.pages.size()); }, [&] {
      PageMessage page = ParsePage(field.content, rules);
      column.pages.push_back({.buffers = std::move(page.buffers), .num_rows = page.num_rows, .encoding = std::string(TextOf(page.encoding))});
    });
  }
  column.is_blob = IsBlobColumn(encoding, rules.may_be_blob);
  column.buffers = CheckBuffers(offsets, sizes, 1, rules.file_bytes);
  return column;
}

}  // namespace eider::file
