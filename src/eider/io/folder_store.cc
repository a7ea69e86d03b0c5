#include "eider/io/store.h"
#include "eider/io/store_path.h"

namespace eider::io {
namespace {

class FolderStore final : public ObjectStore {
 public:
  FolderStore(ObjectStorePtr store, std::string_view folder)
      : store_(std::move(store)), folder_(folder), root_(JoinPath(store_->root(), folder)) {}

  const std::string& root() const override { return root_; }
  ReadableFilePtr Open(std::string_view path) const override { return store_->Open(Below(path)); }
  ReadableFilePtr Open(std::string_view path, uint64_t known_size) const override { return store_->Open(Below(path), known_size); }
  std::unique_ptr<WritableFile> Create(std::string_view path) override { return store_->Create(Below(path)); }
  bool PutIfAbsent(std::string_view path, ByteSpan bytes, bool sync) override { return store_->PutIfAbsent(Below(path), bytes, sync); }
  void Put(std::string_view path, ByteSpan bytes, bool sync) override { store_->Put(Below(path), bytes, sync); }
  void PutHint(std::string_view path, ByteSpan bytes) override { store_->PutHint(Below(path), bytes); }
  std::vector<FileInfo> List(std::string_view folder) const override {
    std::vector<FileInfo> files = store_->List(BelowFolder(folder));
    for (FileInfo& file : files) file.path.erase(0, folder_.size() + 1);
    return files;
  }
  void VisitNames(std::string_view folder, const std::function<void(std::string_view)>& visit) const override {
    store_->VisitNames(BelowFolder(folder), visit);
  }
  std::vector<std::string> ListFolders(std::string_view folder) const override {
    std::vector<std::string> folders = store_->ListFolders(BelowFolder(folder));
    for (std::string& path : folders) path.erase(0, folder_.size() + 1);
    return folders;
  }
  bool Exists(std::string_view path) const override { return store_->Exists(Below(path)); }
  void Delete(std::string_view path) override { store_->Delete(Below(path)); }
  void DeleteEmptyFolder(std::string_view folder) override { store_->DeleteEmptyFolder(BelowFolder(folder)); }
  bool DeleteTree(std::string_view folder) override { return store_->DeleteTree(folder.empty() ? folder_ : BelowFolder(folder)); }
  bool DeleteRoot() override {
    store_->DeleteEmptyFolder(folder_);
    return false;
  }
  void RenameAll(std::string_view folder, const std::map<std::string, std::string>& names) override {
    store_->RenameAll(BelowFolder(folder), names);
  }
  void SyncFolder(std::string_view folder) override { store_->SyncFolder(BelowFolder(folder)); }
  ObjectStorePtr Whole() const override { return store_; }
  std::string identity() const override {
    std::string id = store_->identity();
    if (const size_t mark = id.rfind('#'); mark != std::string::npos) id.insert(mark, "/" + folder_);
    return id;
  }
  IoCounters* counters() const override { return store_->counters(); }

 private:
  std::string Below(std::string_view path) const {
    CheckFilePath(path);
    return JoinPath(folder_, path);
  }
  std::string BelowFolder(std::string_view folder) const {
    CheckFolderPath(folder);
    return JoinPath(folder_, folder);
  }

  const ObjectStorePtr store_;
  const std::string folder_;
  const std::string root_;
};

}  // namespace

ObjectStorePtr OpenFolder(ObjectStorePtr store, std::string_view folder) {
  CheckFilePath(folder);
  return std::make_shared<FolderStore>(std::move(store), folder);
}

}  // namespace eider::io
