#include "eider/io/exclusive_put.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "eider/io/posix_file.h"
#include "eider/io/store_path.h"

namespace eider::io {
namespace {

enum class LinkResult { kDone, kExists, kRefused };

void WriteContents(int fd, ByteSpan bytes, bool sync, const std::string& path) {
  WriteAll(fd, bytes, path);
  if (sync) SyncFile(fd, path);
}

/// An unnamed file leaves nothing behind in a crash. Refused where the file system or /proc does not offer it.
LinkResult PutUnnamed(const std::string& path, ByteSpan bytes, bool sync) {
  const std::string folder(ParentPath(path));
  const int fd = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  if (fd < 0) {
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOENT) return LinkResult::kRefused;
    ThrowErrno("create", path, errno);
  }
  const UniqueFd owned(fd);
  WriteContents(fd, bytes, sync, path);
  Observe("link", path);
  if (::linkat(AT_FDCWD, fmt::format("/proc/self/fd/{}", fd).c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) {
    return LinkResult::kDone;
  }
  return errno == EEXIST ? LinkResult::kExists : LinkResult::kRefused;
}

/// Removes the temporary name, whatever happens.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  const char* c_str() const { return path_.c_str(); }

 private:
  const std::string path_;
};

}  // namespace

bool OverwriteFile(const std::string& path, ByteSpan bytes) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info;
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  if (uint64_t(info.st_size) > bytes.size() || info.st_nlink != 1) return false;
  WriteAll(fd.get(), bytes, path);
  return true;
}

bool PutExclusively(const std::string& path, ByteSpan bytes, bool sync) {
  if (const LinkResult result = PutUnnamed(path, bytes, sync); result != LinkResult::kRefused) return result == LinkResult::kDone;
  const TemporaryFile temporary(TemporaryName(path));
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd.valid()) ThrowErrno("create", path, errno);
  WriteContents(fd.get(), bytes, sync, path);
  CloseChecked(std::move(fd), path);
  Observe("link", path);
  if (::link(temporary.c_str(), path.c_str()) == 0) return true;
  if (errno == EEXIST) return false;
  const int link_error = errno;
  // File systems without hard links may still rename without replacing.
  if (::syscall(SYS_renameat2, AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  ThrowErrno("link", path, link_error);
}

}  // namespace eider::io
