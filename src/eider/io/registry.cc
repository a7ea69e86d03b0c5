#include <cctype>
#include <charconv>

#include "eider/io/local_store.h"
#include "eider/io/memory_store.h"
#include "eider/io/store.h"

namespace eider::io {
namespace {

/// "file:///a%20b" -> "/a b". A host other than localhost is not ours.
std::string PathOfFileUri(std::string_view uri) {
  std::string_view rest = uri.substr(std::string_view("file://").size());
  if (rest.starts_with("localhost/")) rest.remove_prefix(std::string_view("localhost").size());
  if (!rest.starts_with('/')) throw Invalid("store: '{}' is not of the form file:///path", uri);
  std::string path;
  for (size_t i = 0; i < rest.size(); ++i) {
    unsigned byte = 0;
    if (rest[i] == '%' && i + 2 < rest.size() &&
        std::from_chars(&rest[i + 1], &rest[i + 1] + 2, byte, 16).ptr == &rest[i + 1] + 2) {
      path += char(byte);
      i += 2;
    } else {
      path += rest[i];
    }
  }
  return path;
}

/// "s3" of "s3://bucket", "" for a plain path.
std::string SchemeOf(std::string_view uri) {
  const size_t end = uri.find("://");
  if (end == std::string_view::npos || end == 0) return "";
  std::string scheme;
  for (const char c : uri.substr(0, end)) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '+' && c != '-' && c != '.') return "";
    scheme += char(std::tolower(static_cast<unsigned char>(c)));
  }
  return scheme;
}

}  // namespace

ObjectStorePtr OpenStore(std::string_view uri) {
  const std::string scheme = SchemeOf(uri);
  if (scheme.empty()) return MakeLocalStore(std::string(uri));
  if (scheme == "file") return MakeLocalStore(PathOfFileUri(uri));
  if (scheme == "memory") {
    std::string_view rest = uri.substr(std::string_view("memory://").size());
    while (rest.ends_with('/')) rest.remove_suffix(1);
    return OpenMemoryStore(rest);
  }
  throw Unsupported("store: scheme '{}' of '{}'; a path, file:// and memory:// are known", scheme, uri);
}

ReadableFilePtr OpenObject(const std::string& uri) {
  const bool is_file = SchemeOf(uri) == "file";
  const std::string path = is_file ? PathOfFileUri(uri) : uri;
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash + 1 == path.size()) throw Invalid("'{}' names no object", uri);
  const std::string folder = slash == 0 ? "/" : path.substr(0, slash);
  return (is_file ? MakeLocalStore(folder) : OpenStore(folder))->Open(std::string_view(path).substr(slash + 1));
}

}  // namespace eider::io
