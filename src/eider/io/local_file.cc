#include "eider/io/local_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <ctime>

#include "eider/base/fork_safe_mutex.h"
#include "eider/base/memory.h"
#include "eider/io/store_path.h"

namespace eider::io {
namespace {

FileIdentity IdentityOf(const struct stat& info) {
  return {uint64_t(info.st_dev), uint64_t(info.st_ino), uint64_t(info.st_size),
          int64_t(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec};
}

/// A few nanoseconds to ask, a few milliseconds exact.
int64_t CoarseNow(clockid_t clock = CLOCK_MONOTONIC_COARSE) {
  struct timespec now;
  ::clock_gettime(clock, &now);
  return int64_t(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

class LocalFile final : public ReadableFile {
 public:
  LocalFile(std::string path, const FileIdentity& identity, UniqueFd fd, Buffer mapping, bool map_file, IoCountersPtr counters)
      : path_(std::move(path)), counters_(std::move(counters)), identity_(identity), map_file_(map_file), fd_(std::move(fd)), mapping_(std::move(mapping)),
        is_settled_(identity.modified_ns < CoarseNow(CLOCK_REALTIME_COARSE)) {}

  const std::string& path() const override { return path_; }
  uint64_t size() const override { return identity_.size; }
  std::string StateName() const override {
    if (!is_settled_) return {};
    std::string name;
    name.reserve(sizeof identity_ + path_.size());
    return name.append(reinterpret_cast<const char*>(&identity_), sizeof identity_).append(path_);
  }

  Buffer Mapped() const override {
    if (!map_file_) return {};
    std::lock_guard lock(mutex_);
    if (!mapping_.present() && !refused_) {
      const bool is_small = identity_.size > 0 && identity_.size <= kCopiedBytes;
      mapping_ = is_small ? Copy({0, identity_.size}) : MappingCache::Process().Map(identity_, fd_.get());
      refused_ = !mapping_.present();
      // Open descriptors are scarce; the mapping does not need one.
      if (!refused_) fd_.Reset();
    }
    return mapping_;
  }

  void CheckNotCut() const override {
    if (!map_file_ || identity_.size <= kCopiedBytes) return;
    const int64_t now = CoarseNow();
    if (now - checked_ns_.load(std::memory_order_relaxed) < kCheckEveryNs) return;
    struct stat info;
    if (::stat(path_.c_str(), &info) == 0) {  // of one that was removed, the mapping keeps what it had
      const FileIdentity current = IdentityOf(info);
      const bool is_same = current.device == identity_.device && current.inode == identity_.inode;
      if (is_same && current.size < identity_.size) {
        throw Corrupt("read '{}': it was cut to {} bytes since it was opened with {}", path_, current.size, identity_.size);
      }
    }
    checked_ns_.store(now, std::memory_order_relaxed);
  }

  Buffer Read(ByteRange range) const override {
    if (range.offset > size() || range.length > size() - range.offset) {
      throw Corrupt("read '{}': bytes [{}, +{}) of a file of {}", path_, range.offset, range.length, size());
    }
    CountReads(1, range.length);
    if (const Buffer mapping = Mapped(); mapping.present()) return mapping.Slice(range.offset, range.length);
    return Copy(range);
  }
  void CountReads(uint64_t requests, uint64_t bytes) const override { counters_->AddReads(requests, bytes); }

 private:
  Buffer Copy(ByteRange range) const {
    BufferBuilder builder(range.length);
    builder.Resize(range.length);
    ReadExactly(fd_.get(), range.offset, {builder.data(), builder.size()}, path_);
    return builder.Finish();
  }

  static constexpr int64_t kCheckEveryNs = 10'000'000;

  const std::string path_;
  const IoCountersPtr counters_;
  const FileIdentity identity_;
  const bool map_file_;
  mutable std::atomic<int64_t> checked_ns_ = CoarseNow();
  mutable ForkSafeMutex mutex_;  ///< guards what follows; the descriptor stays once mapping was refused or not wanted
  mutable UniqueFd fd_;
  mutable Buffer mapping_;
  mutable bool refused_ = false;
  /// False while the clock that stamps files still shows the tick of this one's last change: once it is removed, another may get its
  /// inode and its time.
  const bool is_settled_;
};

}  // namespace

std::optional<FileIdentity> StatFile(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    ThrowErrno("stat", path, errno);
  }
  if (!S_ISREG(info.st_mode)) return std::nullopt;
  return IdentityOf(info);
}

ReadableFilePtr OpenLocalFile(const std::string& path, uint64_t known_size, bool map_file, IoCountersPtr counters) {
  // To look whether somebody has mapped it costs as much as it spares where there is nothing to map.
  const bool is_small = map_file && known_size != 0 && known_size <= kCopiedBytes;
  FileIdentity identity;
  Buffer mapping;
  if (!is_small) {
    const std::optional<FileIdentity> found = StatFile(path);
    if (!found) throw NotFound("open '{}': no such file", path);
    identity = *found;
    if (map_file) mapping = MappingCache::Process().Find(identity);
  }
  UniqueFd fd;
  if (!mapping.present()) {
    fd = OpenForRead(path);
    // The name may have been given to another file since: the identity must be that of the descriptor.
    struct stat info;
    if (::fstat(fd.get(), &info) != 0) ThrowErrno("stat", path, errno);
    if (!S_ISREG(info.st_mode)) throw NotFound("open '{}': no such file", path);
    identity = IdentityOf(info);
  }
  if (known_size != 0 && identity.size != known_size) {
    throw Corrupt("open '{}': {} bytes, but {} were recorded for it", path, identity.size, known_size);
  }
  return std::make_shared<LocalFile>(path, identity, std::move(fd), std::move(mapping), map_file, std::move(counters));
}

namespace {

class LocalWriter final : public WritableFile {
 public:
  LocalWriter(std::string path, std::shared_ptr<FolderMaker> folders, IoCountersPtr counters)
      : path_(std::move(path)), temporary_(TemporaryName(path_)), folders_(std::move(folders)), counters_(std::move(counters)) {
    struct stat there;
    if (::lstat(path_.c_str(), &there) == 0 && !S_ISREG(there.st_mode) && !S_ISLNK(there.st_mode)) {
      throw Invalid("create '{}': what lies there is no file, and would be lost", path_);
    }
    Observe("create", path_);
    const int fd = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) ThrowErrno("create", path_, errno);
    fd_ = UniqueFd(fd);
  }
  ~LocalWriter() override {
    if (!published_) ::unlink(temporary_.c_str());
  }

  void Append(ByteSpan bytes) override {
    if (!fd_.valid()) throw IoError("write '{}': the file is closed", path_);
    size_ += bytes.size();
    if (pending_.size() + bytes.size() <= kBufferBytes) return pending_.Append(bytes);
    Flush();
    if (bytes.size() >= kBufferBytes) return WriteAll(fd_.get(), bytes, path_);
    pending_.Append(bytes);
  }
  uint64_t size() const override { return size_; }

  void Close(bool sync) override {
    if (!fd_.valid()) throw IoError("close '{}': the file is closed already", path_);
    Flush();
    CheckSize();
    if (sync) SyncFile(fd_.get(), path_);
    CloseChecked(std::move(fd_), path_);
    RenameFile(temporary_, path_);
    published_ = true;
    counters_->AddWrite(size_);
    if (sync) folders_->Sync(std::string(ParentPath(path_)));
  }

 private:
  static constexpr size_t kBufferBytes = size_t{128} << 10;

  void Flush() {
    WriteAll(fd_.get(), pending_.span(), path_);
    pending_.Clear();
  }
  void CheckSize() const {
    struct stat info;
    if (::fstat(fd_.get(), &info) != 0) ThrowErrno("stat", path_, errno);
    if (uint64_t(info.st_size) != size_) throw IoError("write '{}': {} bytes were written, the file has {}", path_, size_, info.st_size);
  }

  const std::string path_, temporary_;
  const std::shared_ptr<FolderMaker> folders_;
  const IoCountersPtr counters_;
  UniqueFd fd_;
  BufferBuilder pending_;
  uint64_t size_ = 0;
  bool published_ = false;
};

}  // namespace

std::unique_ptr<WritableFile> CreateLocalFile(const std::string& path, std::shared_ptr<FolderMaker> folders, IoCountersPtr counters) {
  return std::make_unique<LocalWriter>(path, std::move(folders), std::move(counters));
}

}  // namespace eider::io
