#include "eider/io/store_path.h"

#include "eider/base/error.h"

namespace eider::io {

void CheckFilePath(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) throw Invalid("store: path with a NUL byte, {} bytes long", path.size());
  for (size_t start = 0; start <= path.size();) {
    const size_t end = std::min(path.find('/', start), path.size());
    const std::string_view segment = path.substr(start, end - start);
    if (segment.empty() || segment == "." || segment == "..") throw Invalid("store: path '{}' has a segment '{}'", path, segment);
    start = end + 1;
  }
}

void CheckFolderPath(std::string_view path) {
  if (!path.empty()) CheckFilePath(path);
}

std::string JoinPath(std::string_view folder, std::string_view path) {
  std::string joined;
  joined.reserve(folder.size() + 1 + path.size());
  joined = folder;
  if (!folder.empty() && !path.empty() && folder.back() != '/') joined += '/';
  return joined.append(path);
}

std::string_view ParentPath(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

}  // namespace eider::io
