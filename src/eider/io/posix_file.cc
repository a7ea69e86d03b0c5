#include "eider/io/posix_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "eider/io/store.h"
#include "eider/io/store_path.h"

namespace eider::io {
namespace {
std::atomic<IoObserver> io_observer{nullptr};
}

void SetIoObserver(IoObserver observer) { io_observer = observer; }

void Observe(std::string_view operation, std::string_view path) {
  if (const IoObserver observer = io_observer.load(std::memory_order_relaxed)) observer(operation, path);
}

void ThrowErrno(std::string_view operation, std::string_view path, int code) {
  const ErrorKind kind = code == ENOENT || code == ENOTDIR ? ErrorKind::kNotFound : ErrorKind::kIo;
  throw MakeError(kind, "{} '{}': {} (errno {})", operation, path, std::generic_category().message(code), code);
}

UniqueFd& UniqueFd::operator=(UniqueFd&& o) noexcept {
  if (this != &o) {
    Reset();
    fd_ = o.Release();
  }
  return *this;
}

int UniqueFd::Release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

void UniqueFd::Reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

UniqueFd OpenForRead(const std::string& path) {
  int fd;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe of that name must not hold us
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) ThrowErrno("open", path, errno);
  return UniqueFd(fd);
}

void ReadExactly(int fd, uint64_t offset, MutableByteSpan out, const std::string& path) {
  while (!out.empty()) {
    // The kernel reads at most 2 GiB in one call.
    const ssize_t n = ::pread(fd, out.data(), std::min<size_t>(out.size(), size_t{1} << 30), off_t(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) ThrowErrno("read", path, errno);
    if (n == 0) throw IoError("read '{}': the file ends at byte {}, {} more were expected", path, offset, out.size());
    out = out.subspan(size_t(n));
    offset += uint64_t(n);
  }
}

void WriteAll(int fd, ByteSpan bytes, const std::string& path) {
  if (!bytes.empty()) Observe("write", path);
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), std::min<size_t>(bytes.size(), size_t{1} << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) ThrowErrno("write", path, errno);
    if (n == 0) throw IoError("write '{}': nothing was written, {} bytes are left", path, bytes.size());
    bytes = bytes.subspan(size_t(n));
  }
}

void SyncFile(int fd, const std::string& path) {
  Observe("fsync", path);
  while (::fsync(fd) != 0) {
    if (errno != EINTR) ThrowErrno("fsync", path, errno);
  }
}

void SyncFolderEntry(const std::string& folder) {
  Observe("fsync_dir", folder);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) ThrowErrno("open", folder, errno);
  const UniqueFd owned(fd);
  while (::fsync(fd) != 0) {
    // Some file systems cannot sync a folder and say so; their entries are as durable as they get.
    if (errno == EINVAL || errno == ENOTSUP) return;
    if (errno != EINTR) ThrowErrno("fsync", folder, errno);
  }
}

void CloseChecked(UniqueFd fd, const std::string& path) {
  Observe("close", path);
  // After EINTR the descriptor is gone on Linux, and nothing failed.
  if (::close(fd.Release()) != 0 && errno != EINTR) ThrowErrno("close", path, errno);
}

void RenameFile(const std::string& from, const std::string& to) {
  Observe("rename", to);
  if (::rename(from.c_str(), to.c_str()) != 0) ThrowErrno("rename", to, errno);
}

std::string TemporaryName(const std::string& path) {
  static std::atomic<uint64_t> counter{0};
  uint64_t random = 0;
  if (::getrandom(&random, sizeof random, GRND_NONBLOCK) != ssize_t(sizeof random)) random = uint64_t(::getpid());
  return JoinPath(ParentPath(path), fmt::format(".tmp{:016x}{:x}", random, counter.fetch_add(1)));
}

}  // namespace eider::io
