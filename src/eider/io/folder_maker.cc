#include "eider/io/folder_maker.h"

#include <sys/stat.h>

#include <cerrno>

#include "eider/io/posix_file.h"
#include "eider/io/store_path.h"

namespace eider::io {
namespace {

std::string ParentFolder(const std::string& folder) {
  const std::string_view parent = ParentPath(folder);
  return parent.empty() ? "/" : std::string(parent);
}

}  // namespace

void FolderMaker::Make(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0777) != 0) {
    if (errno == EEXIST) return;
    if (errno != ENOENT || folder == "/") ThrowErrno("mkdir", folder, errno);
    Make(ParentFolder(folder));
    if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) ThrowErrno("mkdir", folder, errno);
  }
  Observe("mkdir", folder);
  std::lock_guard lock(mutex_);
  fresh_.insert(folder);
}

void FolderMaker::Sync(const std::string& folder) {
  SyncFolderEntry(folder);
  for (std::string current = folder; current != "/"; current = ParentFolder(current)) {
    {
      std::lock_guard lock(mutex_);
      if (!fresh_.contains(current)) return;
    }
    SyncFolderEntry(ParentFolder(current));
    std::lock_guard lock(mutex_);
    fresh_.erase(current);
  }
}

}  // namespace eider::io
