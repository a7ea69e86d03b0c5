#pragma once
/// \file
/// The rules for paths inside a store.

#include <string>
#include <string_view>

namespace eider::io {

/// \throws Error(kInvalid) for "", a leading '/', an empty segment, "." or "..", or a NUL byte. A folder may be "" (the root).
void CheckFilePath(std::string_view path);
void CheckFolderPath(std::string_view path);
/// "a" + "b/c" -> "a/b/c"; an empty side adds nothing.
std::string JoinPath(std::string_view folder, std::string_view path);
/// "a/b/c" -> "a/b", "c" -> "".
std::string_view ParentPath(std::string_view path);

}  // namespace eider::io
