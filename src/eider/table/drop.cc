#include "eider/table/drop.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/table/snapshot.h"

namespace eider::table {
namespace {

bool IsReadable(const io::ObjectStore& store, const VersionEntry& entry) {
  try {
    ReadManifest(store, entry);
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt && error.kind() != ErrorKind::kNotFound) throw;
    return false;
  }
}

}  // namespace

bool DropTable(io::ObjectStore& store) {
  const std::vector<std::string> folders = store.ListFolders("");
  const std::vector<io::FileInfo> files = store.List("");
  if (folders.empty() && files.empty()) return store.DeleteTree("");
  const std::vector<VersionEntry> versions = ListVersions(store).versions;
  if (!std::any_of(versions.rbegin(), versions.rend(), [&](const VersionEntry& entry) { return IsReadable(store, entry); })) {
    throw Invalid("'{}' is not dropped: it is no dataset, none of the {} manifests below {}/ can be read", store.root(), versions.size(), kVersionsFolder);
  }
  for (const std::string& folder : folders) {
    if (folder != kVersionsFolder) store.DeleteTree(folder);
  }
  for (const io::FileInfo& file : files) store.Delete(file.path);
  store.DeleteTree(kVersionsFolder);
  store.DeleteTree("");
  return true;
}

}  // namespace eider::table
