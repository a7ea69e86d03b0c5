#include "eider/table/drop.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/table/snapshot.h"

namespace eider::table {
namespace {

constexpr std::string_view kHint = "/latest_version_hint.json";

bool IsReadable(const io::ObjectStore& store, const VersionEntry& entry) {
  try {
    ReadManifest(store, entry);
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt && error.kind() != ErrorKind::kNotFound) throw;
    return false;
  }
}

/// What a removal leaves that was cut short at its end.
bool IsRemainder(const io::ObjectStore& store, const std::vector<std::string>& folders, const std::vector<io::FileInfo>& files) {
  if (!files.empty() || folders.size() != 1 || folders[0] != kVersionsFolder || !store.ListFolders(kVersionsFolder).empty()) return false;
  const std::vector<io::FileInfo> left = store.List(kVersionsFolder);
  return std::all_of(left.begin(), left.end(), [](const io::FileInfo& file) { return file.path.ends_with(kHint); });
}

}  // namespace

bool DropTable(io::ObjectStore& store) {
  const std::vector<std::string> folders = store.ListFolders("");
  const std::vector<io::FileInfo> files = store.List("");
  if (folders.empty() && files.empty()) return store.DeleteRoot();
  const std::vector<VersionEntry> versions = ListVersions(store).versions;
  const auto newest = std::find_if(versions.rbegin(), versions.rend(), [&](const VersionEntry& entry) { return IsReadable(store, entry); });
  if (newest == versions.rend() && !IsRemainder(store, folders, files)) {
    throw Invalid("'{}' is not dropped: it is no dataset, none of the {} manifests below {}/ can be read", store.root(), versions.size(), kVersionsFolder);
  }
  for (const std::string& folder : folders) {
    if (folder != kVersionsFolder) store.DeleteTree(folder);
  }
  for (const io::FileInfo& file : files) store.Delete(file.path);
  for (const VersionEntry& entry : versions) {
    if (newest != versions.rend() && entry.path != newest->path) store.Delete(entry.path);
  }
  store.DeleteTree(kVersionsFolder);
  store.DeleteEmptyFolder("");
  return true;
}

}  // namespace eider::table
