#include <eider/file_metadata.h>

#include <fmt/format.h>

#include <functional>

namespace eider {
namespace {

double BitsPer(uint64_t bytes, uint64_t count) { return count == 0 ? 0 : 8.0 * double(bytes) / double(count); }

/// JSON in the making; the caller minds the brackets.
class Json {
 public:
  std::string Take() { return std::move(out_); }
  void Open(char bracket) { Separate(), out_ += bracket, fresh_ = true; }
  void Close(char bracket) { out_ += bracket, fresh_ = false; }
  void Key(std::string_view name) { Text(name), out_ += ": ", fresh_ = true; }
  void Text(std::string_view text) {
    Separate();
    out_ += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') {
        out_ += '\\', out_ += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        out_ += fmt::format("\\u{:04x}", c);
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }
  void Flag(std::string_view name, bool value) {
    Key(name), Separate();
    out_ += value ? "true" : "false";
  }
  template <typename T>
  void Number(T value) {
    Separate();
    out_ += fmt::format("{}", value);
  }
  template <typename T>
  void Member(std::string_view name, const T& value) {
    Key(name);
    if constexpr (std::is_convertible_v<T, std::string_view>) {
      Text(value);
    } else {
      Number(value);
    }
  }
  template <typename T>
  void Member(std::string_view name, const std::optional<T>& value) {
    if (value) Member(name, *value);
  }

 private:
  void Separate() {
    if (!fresh_) out_ += ", ";
    fresh_ = false;
  }
  std::string out_;
  bool fresh_ = true;
};

void BuffersToJson(const std::vector<BufferMetadata>& buffers, Json& json) {
  json.Open('[');
  for (const BufferMetadata& buffer : buffers) {
    json.Open('{');
    json.Member("offset", buffer.offset);
    json.Member("size_bytes", buffer.size_bytes);
    json.Close('}');
  }
  json.Close(']');
}

void PageToJson(const PageMetadata& page, Json& json) {
  json.Open('{');
  json.Member("first_row", page.first_row);
  json.Member("num_rows", page.num_rows);
  json.Member("num_items", page.num_items);
  json.Member("size_bytes", page.size_bytes());
  json.Member("bits_per_row", BitsPer(page.size_bytes(), page.num_rows));
  if (page.num_items) json.Member("bits_per_value", BitsPer(page.size_bytes(), *page.num_items));
  json.Member("layout", page.layout);
  json.Member("encoding", page.encoding);
  if (page.bytes) {
    json.Key("bytes");
    json.Open('{');
    json.Member("repetition", page.bytes->repetition);
    json.Member("definition", page.bytes->definition);
    json.Member("index", page.bytes->index);
    json.Member("headers", page.bytes->headers);
    json.Member("values", page.bytes->values);
    json.Member("dictionary", page.bytes->dictionary);
    json.Close('}');
  }
  json.Member("null_count", page.null_count);
  json.Member("min", page.min);
  json.Member("max", page.max);
  if (page.min) json.Flag("min_is_cut", page.min_is_cut);
  if (page.max) json.Flag("max_is_cut", page.max_is_cut);
  json.Member("num_checksums", page.num_checksums);
  json.Key("buffers");
  BuffersToJson(page.buffers, json);
  json.Close('}');
}

std::string ToJson(const FileMetadata& file) {
  Json json;
  json.Open('{');
  json.Member("path", file.path);
  json.Member("version", file.version);
  json.Member("num_rows", file.num_rows);
  json.Member("size_bytes", file.size_bytes);
  json.Member("checksum_bytes", file.checksum_bytes);
  json.Key("global_buffers");
  BuffersToJson(file.global_buffers, json);
  json.Key("columns");
  json.Open('[');
  for (const ColumnMetadata& column : file.columns) {
    json.Open('{');
    json.Member("name", column.name);
    json.Member("type", column.type);
    json.Member("num_rows", column.num_rows);
    json.Member("size_bytes", column.size_bytes());
    json.Member("bits_per_row", BitsPer(column.size_bytes(), column.num_rows));
    json.Member("metadata_bytes", column.metadata_bytes);
    json.Key("pages");
    json.Open('[');
    for (const PageMetadata& page : column.pages) PageToJson(page, json);
    json.Close(']');
    json.Close('}');
  }
  json.Close(']');
  json.Close('}');
  return json.Take();
}

std::string PartsToText(const PageBytes& bytes) {
  std::string out;
  const auto add = [&out](uint64_t n, const char* name) {
    if (n > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, n);
  };
  add(bytes.values, "values");
  add(bytes.dictionary, "dictionary");
  add(bytes.repetition, "repetition");
  add(bytes.definition, "definition");
  add(bytes.index, "index");
  add(bytes.headers, "headers");
  return out;
}

bool IsText(std::string_view type) { return type == "string" || type == "large_string" || type.starts_with("dict:string"); }

/// "from 1 to 5", text in quotes.
std::string BoundsToText(const PageMetadata& page, std::string_view type) {
  const std::string_view quote = IsText(type) ? "\"" : "";
  return fmt::format("from {0}{1}{0}{2} to {3}{0}{4}{0}", quote, *page.min, page.min_is_cut ? "..." : "", page.max_is_cut ? "below " : "",
                     *page.max);
}

std::string Counted(uint64_t n, std::string_view noun) { return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s"); }

void PageToText(const PageMetadata& page, size_t index, std::string_view type, std::string& out) {
  out += fmt::format("    page {}: rows [{}, {}), {} bytes", index, page.first_row, page.first_row + page.num_rows, page.size_bytes());
  if (page.num_items) {
    out += fmt::format(", {}, {:.2f} bits each", Counted(*page.num_items, "item"), BitsPer(page.size_bytes(), *page.num_items));
  } else {
    out += fmt::format(", {:.2f} bits per row", BitsPer(page.size_bytes(), page.num_rows));
  }
  out += fmt::format("\n      {}\n", page.encoding);
  if (page.bytes) {
    const std::string parts = PartsToText(*page.bytes);
    out += fmt::format("      bytes: {}\n", parts.empty() ? "none" : parts);
  }
  if (page.null_count) {
    out += "      " + Counted(*page.null_count, "null");
    if (page.min && page.max) out += ", " + BoundsToText(page, type);
    out += '\n';
  }
  for (size_t b = 0; b < page.buffers.size(); ++b) {
    out += fmt::format("      buffer {}: {} bytes at {}\n", b, page.buffers[b].size_bytes, page.buffers[b].offset);
  }
}

std::string ToText(const FileMetadata& file) {
  std::string out = fmt::format("{}: version {}, {}, {} bytes, {}, {}, {}\n", file.path, file.version, Counted(file.num_rows, "row"),
                                file.size_bytes, Counted(file.columns.size(), "column"), Counted(file.global_buffers.size(), "global buffer"),
                                file.checksum_bytes == 0 ? std::string("no checksums") : fmt::format("{} bytes of checksums", file.checksum_bytes));
  for (size_t c = 0; c < file.columns.size(); ++c) {
    const ColumnMetadata& column = file.columns[c];
    out += fmt::format("  column {}: {} ({}), {}, {} bytes, {:.2f} bits per row\n", c, column.name, column.type, Counted(column.pages.size(), "page"),
                       column.size_bytes(), BitsPer(column.size_bytes(), column.num_rows));
    for (size_t i = 0; i < column.pages.size(); ++i) PageToText(column.pages[i], i, column.type, out);
  }
  return out;
}

}  // namespace

uint64_t PageMetadata::size_bytes() const {
  uint64_t total = 0;
  for (const BufferMetadata& buffer : buffers) total += buffer.size_bytes;
  return total;
}

uint64_t ColumnMetadata::size_bytes() const {
  uint64_t total = 0;
  for (const PageMetadata& page : pages) total += page.size_bytes();
  return total;
}

std::string DescribeFile(const FileMetadata& metadata, bool json) { return json ? ToJson(metadata) : ToText(metadata); }

}  // namespace eider
