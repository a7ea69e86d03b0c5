#include <eider/file_store.h>
#include <eider/interrupt.h>

#include <algorithm>

#include "eider/base/error.h"
#include "eider/io/store.h"
#include "eider/io/store_path.h"
#include "eider/table/drop.h"

namespace eider {
namespace {

constexpr uint64_t kPieceBytes = 8 << 20;

void CopyContents(const io::ReadableFile& from, io::WritableFile& to) {
  for (uint64_t at = 0; at < from.size(); at += kPieceBytes) {
    CheckInterrupt();
    to.Append(from.Read({at, std::min(kPieceBytes, from.size() - at)}).span());
  }
  to.Close(true);
}

class ObjectFileStore final : public FileStore {
 public:
  explicit ObjectFileStore(const std::string& uri) : store_(io::OpenStore(uri)) {}

  const std::string& root() const override { return store_->root(); }
  std::string UriOf(const std::string& path) const override {
    io::CheckFilePath(path);
    return io::JoinPath(store_->root(), path);
  }
  bool Contains(const std::string& path) const override { return store_->Exists(path); }
  std::vector<StoredFile> List(const std::string& folder) const override {
    std::vector<StoredFile> files;
    for (io::FileInfo& file : store_->List(folder)) {
      files.push_back({.path = std::move(file.path), .size_bytes = file.size, .modified_ns = file.modified_ns});
    }
    return files;
  }
  std::vector<std::string> ListFolders(const std::string& folder) const override { return store_->ListFolders(folder); }
  Buffer Read(const std::string& path, uint64_t offset, uint64_t length) const override {
    const io::ReadableFilePtr file = store_->Open(path);
    if (offset > file->size() || length > file->size() - offset) {
      throw Invalid("'{}': bytes [{}, +{}) of a file of {}", file->path(), offset, length, file->size());
    }
    return file->Read({offset, length});
  }
  void Delete(const std::string& path) override {
    if (!store_->Exists(path)) throw NotFound("delete '{}': no such file", UriOf(path));
    store_->Delete(path);
  }
  void Upload(const std::string& local_path, const std::string& path) override {
    io::CheckFilePath(path);
    const io::ReadableFilePtr file = io::OpenObject(local_path);
    CopyContents(*file, *store_->Create(path));
  }
  void Download(const std::string& path, const std::string& local_path) const override {
    const io::ReadableFilePtr file = store_->Open(path);
    const std::string_view folder = io::ParentPath(local_path);
    const io::ObjectStorePtr target = io::OpenStore(folder.empty() ? "/" : folder);
    CopyContents(*file, *target->Create(std::string_view(local_path).substr(local_path.rfind('/') + 1)));
  }

 private:
  const io::ObjectStorePtr store_;
};

}  // namespace

std::shared_ptr<FileStore> FileStore::Open(const std::string& uri) { return std::make_shared<ObjectFileStore>(uri); }

bool DropTable(const std::string& uri) { return table::DropTable(*io::OpenStore(uri)); }

IoStats ProcessIoStats() { return io::IoCounters::Process().Get(); }

}  // namespace eider
