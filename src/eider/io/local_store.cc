#include "eider/io/local_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>

#include "eider/io/exclusive_put.h"
#include "eider/io/folder_exchange.h"
#include "eider/io/local_file.h"
#include "eider/io/store_path.h"

namespace eider::io {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

class LocalStore final : public ObjectStore {
 public:
  LocalStore(std::string root, const LocalStoreOptions& options) : root_(std::move(root)), options_(options) {}

  const std::string& root() const override { return root_; }
  ReadableFilePtr Open(std::string_view path) const override { return Open(path, 0); }
  ReadableFilePtr Open(std::string_view path, uint64_t known_size) const override {
    return OpenLocalFile(FullPath(path), known_size, options_.map_files, counters_);
  }

  std::unique_ptr<WritableFile> Create(std::string_view path) override {
    const std::string full = FullPath(path);
    folders_->Make(std::string(ParentPath(full)));
    return CreateLocalFile(full, folders_, counters_);
  }

  bool PutIfAbsent(std::string_view path, ByteSpan bytes, bool sync) override {
    const std::string full = FullPath(path);
    folders_->Make(std::string(ParentPath(full)));
    const bool put = PutExclusively(full, bytes, sync);
    if (put) counters_->AddWrite(bytes.size());
    return put;
  }

  void Put(std::string_view path, ByteSpan bytes, bool sync) override {
    const std::unique_ptr<WritableFile> file = Create(path);
    file->Append(bytes);
    file->Close(sync);
  }
  /// In place: file systems begin to write out what a rename replaces, and keep its inode from use for a while.
  void PutHint(std::string_view path, ByteSpan bytes) override {
    if (!OverwriteFile(FullPath(path), bytes)) return Put(path, bytes, false);
    counters_->AddWrite(bytes.size());
  }

  std::vector<FileInfo> List(std::string_view folder) const override;
  void VisitNames(std::string_view folder, const std::function<void(std::string_view)>& visit) const override;
  std::vector<std::string> ListFolders(std::string_view folder) const override;

  bool Exists(std::string_view path) const override { return StatFile(FullPath(path)).has_value(); }

  void Delete(std::string_view path) override {
    const std::string full = FullPath(path);
    if (const auto identity = StatFile(full)) MappingCache::Process().Forget(*identity);
    Observe("unlink", full);
    if (::unlink(full.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) ThrowErrno("unlink", full, errno);
  }

  void DeleteEmptyFolder(std::string_view folder) override {
    CheckFolderPath(folder);
    const std::string full = JoinPath(root_, folder);
    Observe("rmdir", full);
    if (::rmdir(full.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR && errno != ENOTEMPTY && errno != EEXIST) {
      ThrowErrno("rmdir", full, errno);
    }
  }

  bool DeleteTree(std::string_view folder) override;
  bool DeleteRoot() override;
  void RenameAll(std::string_view folder, const std::map<std::string, std::string>& names) override {
    CheckFilePath(folder);
    RenameInFolder(JoinPath(root_, folder), names);
  }

  void SyncFolder(std::string_view folder) override {
    CheckFolderPath(folder);
    folders_->Sync(JoinPath(root_, folder));
  }
  IoCounters* counters() const override { return counters_.get(); }

 private:
  std::string FullPath(std::string_view path) const {
    CheckFilePath(path);
    return JoinPath(root_, path);
  }

  const std::string root_;
  const LocalStoreOptions options_;
  const std::shared_ptr<FolderMaker> folders_ = std::make_shared<FolderMaker>();
  const IoCountersPtr counters_ = std::make_shared<IoCounters>();
};

/// The entries of a folder with what the system knows of each; nothing for a folder that does not exist.
template <typename Visit>
void VisitFolder(const std::string& full, Visit&& visit) {
  const std::unique_ptr<DIR, CloseFolder> open(::opendir(full.c_str()));
  if (!open) {
    if (errno == ENOENT || errno == ENOTDIR) return;
    ThrowErrno("list", full, errno);
  }
  while (true) {
    errno = 0;
    const struct dirent* entry = ::readdir(open.get());
    if (!entry && errno != 0) ThrowErrno("list", full, errno);
    if (!entry) return;
    visit(::dirfd(open.get()), *entry);
  }
}

/// nullopt for what was deleted meanwhile.
std::optional<struct stat> StatEntry(int folder, const std::string& full, const char* name) {
  struct stat info;
  if (::fstatat(folder, name, &info, 0) == 0) return info;
  if (errno != ENOENT) ThrowErrno("stat", JoinPath(full, name), errno);
  return std::nullopt;
}

std::vector<FileInfo> LocalStore::List(std::string_view folder) const {
  CheckFolderPath(folder);
  const std::string full = JoinPath(root_, folder);
  std::vector<FileInfo> files;
  VisitFolder(full, [&](int open, const struct dirent& entry) {
    if (entry.d_type == DT_DIR) return;
    const std::optional<struct stat> info = StatEntry(open, full, entry.d_name);
    if (!info || !S_ISREG(info->st_mode)) return;
    files.push_back({JoinPath(folder, entry.d_name), uint64_t(info->st_size),
                     int64_t(info->st_mtim.tv_sec) * 1'000'000'000 + info->st_mtim.tv_nsec});
  });
  return files;
}

void LocalStore::VisitNames(std::string_view folder, const std::function<void(std::string_view)>& visit) const {
  CheckFolderPath(folder);
  const std::string full = JoinPath(root_, folder);
  VisitFolder(full, [&](int open, const struct dirent& entry) {
    if (entry.d_type == DT_DIR) return;
    if (entry.d_type != DT_REG) {
      const std::optional<struct stat> info = StatEntry(open, full, entry.d_name);
      if (!info || !S_ISREG(info->st_mode)) return;
    }
    visit(entry.d_name);
  });
}

std::vector<std::string> LocalStore::ListFolders(std::string_view folder) const {
  CheckFolderPath(folder);
  const std::string full = JoinPath(root_, folder);
  std::vector<std::string> folders;
  VisitFolder(full, [&](int open, const struct dirent& entry) {
    const std::string_view name = entry.d_name;
    if (name == "." || name == ".." || (entry.d_type != DT_DIR && entry.d_type != DT_UNKNOWN && entry.d_type != DT_LNK)) return;
    if (entry.d_type != DT_DIR) {
      const std::optional<struct stat> info = StatEntry(open, full, entry.d_name);
      if (!info || !S_ISDIR(info->st_mode)) return;
    }
    folders.push_back(JoinPath(folder, name));
  });
  return folders;
}

bool LocalStore::DeleteTree(std::string_view folder) {
  CheckFolderPath(folder);
  const std::string full = JoinPath(root_, folder);
  std::error_code error;
  // Their mappings go first, so that the space is freed. What does not list now fails below.
  for (std::filesystem::recursive_directory_iterator file(full, error), end; !error && file != end; file.increment(error)) {
    if (file->is_symlink(error)) continue;
    if (const auto identity = StatFile(file->path().string())) MappingCache::Process().Forget(*identity);
  }
  Observe("remove tree", full);
  const uintmax_t removed = std::filesystem::remove_all(full, error);
  if (error) ThrowErrno("remove", full, error.value());
  return removed > 0;
}

bool LocalStore::DeleteRoot() {
  struct stat info;
  if (::lstat(root_.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    ThrowErrno("stat", root_, errno);
  }
  if (!S_ISDIR(info.st_mode)) throw Invalid("'{}' is no folder", root_);
  Observe("rmdir", root_);
  if (::rmdir(root_.c_str()) == 0 || errno == ENOENT) return true;
  if (errno == ENOTEMPTY || errno == EEXIST) throw Invalid("'{}' is not empty", root_);
  ThrowErrno("rmdir", root_, errno);
}

}  // namespace

ObjectStorePtr MakeLocalStore(std::string folder, const LocalStoreOptions& options) {
  // Absolute, so that a change of the working folder does not move the store.
  std::error_code error;
  std::string root = std::filesystem::absolute(folder, error).lexically_normal().string();
  if (folder.empty() || error || folder.find('\0') != std::string::npos) throw Invalid("store: '{}' is not a folder", folder);
  while (root.size() > 1 && root.back() == '/') root.pop_back();
  return std::make_shared<LocalStore>(std::move(root), options);
}

}  // namespace eider::io
