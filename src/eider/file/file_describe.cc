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

/// Leaf paths of a schema, in the order of the file's columns.
void CollectPaths(const LanceField& field, const std::string& prefix, std::vector<std::string>& paths) {
  const std::string path = prefix + field.name;
  if (field.IsLeaf()) {
    paths.push_back(fmt::format("{} ({})", path, field.logical_type));
    return;
  }
  for (const LanceField& child : field.children) CollectPaths(child, path + ".", paths);
}

std::string LayoutOrError(std::string_view layout) {
  try {
    return page::DescribeLayout(layout);
  } catch (const Error& error) {
    return fmt::format("unreadable: {}", error.what());
  }
}

void DescribePageText(const ColumnPages& column, size_t i, std::string& out) {
  const page::PageSource& page = column.source(i);
  out += fmt::format("    page {}: rows [{}, {}): {}\n", i, column.first_row(i), column.end_row(i), LayoutOrError(page.layout));
  for (size_t b = 0; b < page.buffers.size(); ++b) {
    out += fmt::format("      buffer {}: {} bytes at {}\n", b, page.buffers[b].length, page.buffers[b].offset);
  }
}

void DescribePageJson(const ColumnPages& column, size_t i, std::string& out) {
  const page::PageSource& page = column.source(i);
  out += fmt::format("{}{{\"first_row\": {}, \"num_rows\": {}, \"layout\": ", i ? ", " : "", column.first_row(i), page.num_rows);
  AppendJsonString(LayoutOrError(page.layout), out);
  out += ", \"buffers\": [";
  for (size_t b = 0; b < page.buffers.size(); ++b) {
    out += fmt::format("{}{{\"offset\": {}, \"size_bytes\": {}}}", b ? ", " : "", page.buffers[b].offset, page.buffers[b].length);
  }
  out += "]}";
}

}  // namespace

std::string FileReader::Describe(bool json) const {
  std::vector<std::string> paths;
  for (const LanceField& field : schema().fields) CollectPaths(field, "", paths);
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
    const ColumnPages& column = impl_->Column(c);
    if (json) {
      out += c ? ", {\"name\": " : "{\"name\": ";
      AppendJsonString(paths[c], out);
      out += ", \"pages\": [";
    } else {
      out += fmt::format("  column {}: {}, {} pages\n", c, paths[c], column.num_pages());
    }
    for (size_t i = 0; i < column.num_pages(); ++i) json ? DescribePageJson(column, i, out) : DescribePageText(column, i, out);
    if (json) out += "]}";
  }
  if (json) out += "]}";
  return out;
}

}  // namespace eider::file
