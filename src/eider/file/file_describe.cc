#include "eider/file/file_reader_impl.h"
#include "eider/page/page_decoder.h"

namespace eider::file {
namespace {

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\', out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", c);
    } else {
      out += c;
    }
  }
  out += '"';
}

/// Paths of a schema, in the order of the file's columns: of the leaves, before 2.1 (`parents`) of all fields.
void CollectPaths(const LanceField& field, const std::string& prefix, bool parents, std::vector<std::string>& paths) {
  const std::string path = prefix + field.name;
  if (field.IsLeaf() || parents) paths.push_back(fmt::format("{} ({})", path, field.logical_type));
  if (field.IsLeaf()) return;
  for (const LanceField& child : field.children) CollectPaths(child, path + ".", parents, paths);
}

std::string LayoutOrError(std::string_view layout) {
  try {
    return page::DescribeLayout(layout);
  } catch (const Error& error) {
    return fmt::format("unreadable: {}", error.what());
  }
}

/// A page of any version.
struct PageView {
  size_t index = 0;
  uint64_t first_row = 0, end_row = 0;
  std::string layout;
  std::span<const ByteRange> buffers;
};

PageView ViewPage(const ColumnPages& column, size_t i) {
  const page::PageSource& source = column.source(i);
  return {i, column.first_row(i), column.end_row(i), LayoutOrError(source.layout), source.buffers};
}

PageView ViewPage(const StoredColumn& column, size_t i) {
  return {i, column.first_row(i), column.first_row(i + 1), column.DescribePage(i), column.page_buffers(i)};
}

template <typename Column>
std::vector<PageView> ViewPages(const Column& column) {
  std::vector<PageView> pages;
  for (size_t i = 0; i < column.num_pages(); ++i) pages.push_back(ViewPage(column, i));
  return pages;
}

void DescribePageText(const PageView& page, std::string& out) {
  out += fmt::format("    page {}: rows [{}, {}): {}\n", page.index, page.first_row, page.end_row, page.layout);
  for (size_t b = 0; b < page.buffers.size(); ++b) {
    out += fmt::format("      buffer {}: {} bytes at {}\n", b, page.buffers[b].length, page.buffers[b].offset);
  }
}

void DescribePageJson(const PageView& page, std::string& out) {
  out += fmt::format("{}{{\"first_row\": {}, \"num_rows\": {}, \"layout\": ", page.index ? ", " : "", page.first_row,
                     page.end_row - page.first_row);
  AppendJsonString(page.layout, out);
  out += ", \"buffers\": [";
  for (size_t b = 0; b < page.buffers.size(); ++b) {
    out += fmt::format("{}{{\"offset\": {}, \"size_bytes\": {}}}", b ? ", " : "", page.buffers[b].offset, page.buffers[b].length);
  }
  out += "]}";
}

}  // namespace

std::string FileReader::Describe(bool json) const {
  std::vector<std::string> paths;
  for (const LanceField& field : schema().fields) CollectPaths(field, "", impl_->stored != nullptr, paths);
  paths.resize(num_columns(), "?");
  std::string out;
  if (json) {
    out = "{\"path\": ";
    AppendJsonString(path(), out);
    out += fmt::format(", \"version\": \"{}\", \"num_rows\": {}, \"size_bytes\": {}, \"num_global_buffers\": {}, \"columns\": [",
                       version().ToString(), num_rows(), impl_->file->size(), num_global_buffers());
  } else {
    out = fmt::format("{}: version {}, {} rows, {} bytes, {} columns, {} global buffers\n", path(), version().ToString(), num_rows(),
                      impl_->file->size(), num_columns(), num_global_buffers());
  }
  for (uint32_t c = 0; c < num_columns(); ++c) {
    const std::vector<PageView> pages = impl_->stored ? ViewPages(impl_->stored->Column(static_cast<int32_t>(c))) : ViewPages(impl_->Column(c));
    if (json) {
      out += c ? ", {\"name\": " : "{\"name\": ";
      AppendJsonString(paths[c], out);
      out += ", \"pages\": [";
    } else {
      out += fmt::format("  column {}: {}, {} pages\n", c, paths[c], pages.size());
    }
    for (const PageView& page : pages) json ? DescribePageJson(page, out) : DescribePageText(page, out);
    if (json) out += "]}";
  }
  if (json) out += "]}";
  return out;
}

}  // namespace eider::file
