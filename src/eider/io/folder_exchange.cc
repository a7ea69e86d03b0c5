#include "eider/io/folder_exchange.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "eider/base/error.h"
#include "eider/io/posix_file.h"
#include "eider/io/store_path.h"

namespace eider::io {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void ThrowFailed(const char* operation, const std::string& path, int code) {
  if (code == EINVAL || code == ENOSYS || code == EPERM || code == EOPNOTSUPP) {
    throw Unsupported("{} '{}': the file system cannot, so that its files cannot be renamed all at once", operation, path);
  }
  ThrowErrno(operation, path, code);
}

/// Names in `folder` of the files that `beside` has now.
std::vector<std::string> LinkFiles(const std::string& folder, const std::string& beside, const std::map<std::string, std::string>& names) {
  std::vector<std::string> linked;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().filename().string();
    const auto renamed = names.find(name);
    const std::string target = JoinPath(beside, renamed == names.end() ? name : renamed->second);
    if (::link(entry.path().c_str(), target.c_str()) != 0) ThrowFailed("link", target, errno);
    linked.push_back(name);
  }
  return linked;
}

/// What came into the folder since its files were linked goes to where it belongs.
void MoveRest(const std::string& from, const std::string& to) {
  for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
    const std::string target = JoinPath(to, entry.path().filename().string());
    if (::syscall(SYS_renameat2, AT_FDCWD, entry.path().c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) ThrowErrno("rename", target, errno);
  }
}

}  // namespace

void RenameInFolder(const std::string& folder, const std::map<std::string, std::string>& names) {
  const std::string beside = folder + ".renamed";
  try {
    fs::remove_all(beside);
    fs::create_directory(beside);
    const std::vector<std::string> linked = LinkFiles(folder, beside, names);
    SyncFolderEntry(beside);
    Observe("exchange", folder);
    if (::syscall(SYS_renameat2, AT_FDCWD, beside.c_str(), AT_FDCWD, folder.c_str(), RENAME_EXCHANGE) != 0) {
      const int code = errno;
      fs::remove_all(beside);
      ThrowFailed("exchange", folder, code);
    }
    SyncFolderEntry(std::string(ParentPath(folder)));
    for (const std::string& name : linked) fs::remove(JoinPath(beside, name));
    MoveRest(beside, folder);
    fs::remove(beside);
  } catch (const fs::filesystem_error& error) {
    ThrowErrno("rename the files of", folder, error.code().value());
  }
}

}  // namespace eider::io
