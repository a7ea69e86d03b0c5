#include "eider/io/folder_exchange.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>

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

void LinkFiles(const std::string& folder, const std::string& beside, const std::map<std::string, std::string>& names) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().filename().string();
    const auto renamed = names.find(name);
    const std::string target = JoinPath(beside, renamed == names.end() ? name : renamed->second);
    if (::link(entry.path().c_str(), target.c_str()) != 0) ThrowFailed("link", target, errno);
  }
}

using FileId = std::pair<dev_t, ino_t>;

FileId IdOf(const fs::path& path) {
  struct stat info;
  if (::lstat(path.c_str(), &info) != 0) ThrowErrno("stat", path.string(), errno);
  return {info.st_dev, info.st_ino};
}

/// Empties and removes the folder beside: links to files that the folder has, under whichever name, go; what it lacks came into the one
/// that was there before since its files were linked, and goes to where it belongs.
void FinishBeside(const std::string& beside, const std::string& folder) {
  if (!fs::exists(beside)) return;
  std::set<FileId> there;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) there.insert(IdOf(entry.path()));
  for (const fs::directory_entry& entry : fs::directory_iterator(beside)) {
    if (there.contains(IdOf(entry.path()))) {
      fs::remove(entry.path());
      continue;
    }
    const std::string target = JoinPath(folder, entry.path().filename().string());
    if (::syscall(SYS_renameat2, AT_FDCWD, entry.path().c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) ThrowErrno("rename", target, errno);
  }
  fs::remove(beside);
}

/// A folder with the mode and owner of another.
void MakeLike(const std::string& made, const std::string& folder) {
  fs::create_directory(made, folder);
  struct stat info;
  if (::stat(folder.c_str(), &info) != 0) ThrowErrno("stat", folder, errno);
  // Who is not allowed to give folders away keeps it.
  if (::chown(made.c_str(), info.st_uid, info.st_gid) != 0 && errno != EPERM) ThrowErrno("chown", made, errno);
  if (::chmod(made.c_str(), info.st_mode & 07777) != 0) ThrowErrno("chmod", made, errno);
}

}  // namespace

void RenameInFolder(const std::string& folder, const std::map<std::string, std::string>& names) {
  const std::string beside = folder + ".renamed", parent(ParentPath(folder));
  // The folders change places: only their parent is one that all who rename can lock.
  const UniqueFd lock = OpenForRead(parent);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) throw Conflict("the files of '{}' are being renamed by another", folder);
    ThrowErrno("lock", parent, errno);
  }
  try {
    FinishBeside(beside, folder);
    if (names.empty()) return;
    MakeLike(beside, folder);
    LinkFiles(folder, beside, names);
    SyncFolderEntry(beside);
    Observe("exchange", folder);
    if (::syscall(SYS_renameat2, AT_FDCWD, beside.c_str(), AT_FDCWD, folder.c_str(), RENAME_EXCHANGE) != 0) {
      const int code = errno;
      fs::remove_all(beside);  // links, all of them
      ThrowFailed("exchange", folder, code);
    }
    SyncFolderEntry(parent);
    FinishBeside(beside, folder);
  } catch (const fs::filesystem_error& error) {
    ThrowErrno("rename the files of", folder, error.code().value());
  }
}

}  // namespace eider::io
