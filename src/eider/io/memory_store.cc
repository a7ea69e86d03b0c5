#include <atomic>
#include <charconv>
#include <chrono>
#include <map>
#include <mutex>
#include <set>

#include "eider/base/fork_safe_mutex.h"
#include "eider/base/memory.h"
#include "eider/io/memory_store.h"
#include "eider/io/store_path.h"

namespace eider::io {

/// The files below one path of the process's memories, by their path below that. Contents are immutable once published.
struct MemoryFiles {
  struct Object {
    Buffer bytes;
    int64_t modified_ns = 0;
  };
  explicit MemoryFiles(std::string place) : place(std::move(place)) {}

  const std::string place;  ///< "name" or "name/folder"
  const uint64_t id = next_id++;
  ForkSafeMutex mutex;
  std::map<std::string, Object, std::less<>> objects;

  static Object MakeObject(Buffer bytes) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return {std::move(bytes), std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
  }

 private:
  static inline std::atomic<uint64_t> next_id = 1;
};

namespace {

class MemoryFile final : public ReadableFile {
 public:
  MemoryFile(std::string path, Buffer bytes, IoCountersPtr counters)
      : path_(std::move(path)), bytes_(std::move(bytes)), counters_(std::move(counters)) {}
  const std::string& path() const override { return path_; }
  uint64_t size() const override { return bytes_.size(); }
  Buffer Mapped() const override { return bytes_; }
  Buffer Read(ByteRange range) const override {
    CheckedSubspan(bytes_.span(), range.offset, range.length, path_.c_str());
    CountReads(1, range.length);
    return bytes_.Slice(range.offset, range.length);
  }

  void CountReads(uint64_t requests, uint64_t bytes) const override { counters_->AddReads(requests, bytes); }

 private:
  const std::string path_;
  const Buffer bytes_;
  const IoCountersPtr counters_;
};

class MemoryWriter final : public WritableFile {
 public:
  MemoryWriter(std::shared_ptr<MemoryFiles> files, std::string path, IoCountersPtr counters)
      : files_(std::move(files)), path_(std::move(path)), counters_(std::move(counters)) {}
  void Append(ByteSpan bytes) override {
    if (closed_) throw IoError("write '{}': the file is closed", path_);
    builder_.Append(bytes);
    size_ += bytes.size();
  }
  uint64_t size() const override { return size_; }
  void Close(bool) override {
    if (closed_) throw IoError("close '{}': the file is closed already", path_);
    closed_ = true;
    auto object = MemoryFiles::MakeObject(builder_.Finish());
    counters_->AddWrite(size_);
    std::lock_guard lock(files_->mutex);
    files_->objects.insert_or_assign(path_, std::move(object));
  }

 private:
  const std::shared_ptr<MemoryFiles> files_;
  const std::string path_;
  const IoCountersPtr counters_;
  BufferBuilder builder_;
  uint64_t size_ = 0;
  bool closed_ = false;
};

class MemoryStore final : public ObjectStore {
 public:
  MemoryStore(std::shared_ptr<MemoryFiles> files, std::string folder)
      : files_(std::move(files)), root_(JoinPath("memory://" + files_->place, folder)), folder_(std::move(folder)) {}

  const std::string& root() const override { return root_; }
  std::string identity() const override { return root_ + "#" + std::to_string(files_->id); }
  const std::shared_ptr<MemoryFiles>& files() const { return files_; }
  ReadableFilePtr Open(std::string_view path) const override { return Open(path, 0); }
  ReadableFilePtr Open(std::string_view path, uint64_t known_size) const override;
  std::unique_ptr<WritableFile> Create(std::string_view path) override {
    return std::make_unique<MemoryWriter>(files_, FullPath(path), counters_);
  }
  bool PutIfAbsent(std::string_view path, ByteSpan bytes, bool) override {
    auto object = MemoryFiles::MakeObject(CopyToBuffer(bytes));
    std::lock_guard lock(files_->mutex);
    const bool put = files_->objects.try_emplace(FullPath(path), std::move(object)).second;
    if (put) counters_->AddWrite(bytes.size());
    return put;
  }
  void Put(std::string_view path, ByteSpan bytes, bool) override {
    auto object = MemoryFiles::MakeObject(CopyToBuffer(bytes));
    counters_->AddWrite(bytes.size());
    std::lock_guard lock(files_->mutex);
    files_->objects.insert_or_assign(FullPath(path), std::move(object));
  }
  std::vector<FileInfo> List(std::string_view folder) const override;
  std::vector<std::string> ListFolders(std::string_view folder) const override;
  bool Exists(std::string_view path) const override {
    std::lock_guard lock(files_->mutex);
    return files_->objects.contains(FullPath(path));
  }
  void Delete(std::string_view path) override {
    std::lock_guard lock(files_->mutex);
    files_->objects.erase(FullPath(path));
  }
  void DeleteEmptyFolder(std::string_view folder) override { CheckFolderPath(folder); }
  bool DeleteTree(std::string_view folder) override;
  bool DeleteRoot() override { return false; }
  void RenameAll(std::string_view folder, const std::map<std::string, std::string>& names) override;
  void SyncFolder(std::string_view folder) override { CheckFolderPath(folder); }
  IoCounters* counters() const override { return counters_.get(); }

 private:
  std::string FullPath(std::string_view path) const {
    CheckFilePath(path);
    return JoinPath(folder_, path);
  }

  const std::shared_ptr<MemoryFiles> files_;
  const std::string root_;
  const std::string folder_;
  const IoCountersPtr counters_ = std::make_shared<IoCounters>();
};

void MemoryStore::RenameAll(std::string_view folder, const std::map<std::string, std::string>& names) {
  CheckFolderPath(folder);
  const std::string full = JoinPath(folder_, folder);
  std::lock_guard lock(files_->mutex);
  std::map<std::string, MemoryFiles::Object> moved;
  for (const auto& [from, to] : names) {
    if (auto object = files_->objects.extract(JoinPath(full, from)); !object.empty()) moved.emplace(JoinPath(full, to), std::move(object.mapped()));
  }
  for (auto& [path, object] : moved) files_->objects.insert_or_assign(path, std::move(object));
}

bool MemoryStore::DeleteTree(std::string_view folder) {
  CheckFolderPath(folder);
  std::string prefix = JoinPath(folder_, folder);
  if (!prefix.empty()) prefix += '/';
  std::lock_guard lock(files_->mutex);
  return std::erase_if(files_->objects, [&](const auto& named) { return named.first.starts_with(prefix); }) > 0;
}

ReadableFilePtr MemoryStore::Open(std::string_view path, uint64_t known_size) const {
  Buffer bytes;
  {
    std::lock_guard lock(files_->mutex);
    const auto found = files_->objects.find(FullPath(path));
    if (found == files_->objects.end()) throw NotFound("open '{}': no such file", JoinPath(root_, path));
    bytes = found->second.bytes;
  }
  if (known_size != 0 && bytes.size() != known_size) {
    throw Corrupt("open '{}': {} bytes, but {} were recorded for it", JoinPath(root_, path), bytes.size(), known_size);
  }
  return std::make_shared<MemoryFile>(JoinPath(root_, path), std::move(bytes), counters_);
}

std::vector<FileInfo> MemoryStore::List(std::string_view folder) const {
  CheckFolderPath(folder);
  std::string prefix = JoinPath(folder_, folder);
  if (!prefix.empty()) prefix += '/';
  std::vector<FileInfo> files;
  std::lock_guard lock(files_->mutex);
  for (auto it = files_->objects.lower_bound(prefix); it != files_->objects.end() && it->first.starts_with(prefix); ++it) {
    const std::string_view name = std::string_view(it->first).substr(prefix.size());
    if (name.find('/') != std::string_view::npos) continue;
    files.push_back({JoinPath(folder, name), it->second.bytes.size(), it->second.modified_ns});
  }
  return files;
}

std::vector<std::string> MemoryStore::ListFolders(std::string_view folder) const {
  CheckFolderPath(folder);
  std::string prefix = JoinPath(folder_, folder);
  if (!prefix.empty()) prefix += '/';
  std::set<std::string> folders;
  std::lock_guard lock(files_->mutex);
  for (auto it = files_->objects.lower_bound(prefix); it != files_->objects.end() && it->first.starts_with(prefix); ++it) {
    const std::string_view rest = std::string_view(it->first).substr(prefix.size());
    const size_t slash = rest.find('/');
    if (slash != std::string_view::npos) folders.insert(JoinPath(folder, rest.substr(0, slash)));
  }
  return {folders.begin(), folders.end()};
}

/// The part of `path` below `place`; nullopt elsewhere.
std::optional<std::string_view> Below(std::string_view path, std::string_view place) {
  if (path == place) return "";
  if (!path.starts_with(place) || path[place.size()] != '/') return std::nullopt;
  return path.substr(place.size() + 1);
}

/// What memory:// URIs lead to: of the places that a path lies below, the deepest.
class Memories {
 public:
  static Memories& Process() {
    static Memories& memories = *new Memories();
    return memories;
  }

  std::shared_ptr<MemoryStore> Open(std::string_view path) {
    const std::string_view name = path.substr(0, path.find('/'));
    std::lock_guard lock(mutex_);
    if (auto store = OpenById(path)) return store;
    for (std::string_view place = path; place.size() > name.size(); place = ParentPath(place)) {
      if (const auto found = places_.find(place); found != places_.end()) return StoreIn(found->second, path);
    }
    std::shared_ptr<MemoryFiles>& files = places_[std::string(name)];
    if (!files) files = Remember(std::make_shared<MemoryFiles>(std::string(name)));
    return StoreIn(files, path);
  }

  std::shared_ptr<MemoryFiles> Make(std::string place) {
    std::lock_guard lock(mutex_);
    return Remember(std::make_shared<MemoryFiles>(std::move(place)));
  }
  void Name(std::shared_ptr<MemoryFiles> files) {
    std::shared_ptr<MemoryFiles> replaced;  // freed without the lock
    std::lock_guard lock(mutex_);
    std::shared_ptr<MemoryFiles>& named = places_[files->place];
    replaced = std::exchange(named, std::move(files));
  }

 private:
  /// "name/folder#7" leads to the files of this number as long as somebody holds them.
  std::shared_ptr<MemoryStore> OpenById(std::string_view path) const {
    const size_t mark = path.rfind('#');
    if (mark == std::string_view::npos) return nullptr;
    uint64_t id = 0;
    const auto [end, error] = std::from_chars(path.data() + mark + 1, path.data() + path.size(), id);
    const auto found = error == std::errc() && end == path.data() + path.size() ? by_id_.find(id) : by_id_.end();
    const std::shared_ptr<MemoryFiles> files = found == by_id_.end() ? nullptr : found->second.lock();
    return files && Below(path.substr(0, mark), files->place) ? StoreIn(files, path.substr(0, mark)) : nullptr;
  }
  static std::shared_ptr<MemoryStore> StoreIn(const std::shared_ptr<MemoryFiles>& files, std::string_view path) {
    return std::make_shared<MemoryStore>(files, std::string(*Below(path, files->place)));
  }
  std::shared_ptr<MemoryFiles> Remember(std::shared_ptr<MemoryFiles> files) {
    std::erase_if(by_id_, [](const auto& entry) { return entry.second.expired(); });
    by_id_.emplace(files->id, files);
    return files;
  }

  mutable ForkSafeMutex mutex_;
  std::map<std::string, std::shared_ptr<MemoryFiles>, std::less<>> places_;
  std::map<uint64_t, std::weak_ptr<MemoryFiles>> by_id_;
};

}  // namespace

ObjectStorePtr MakeMemoryStore(std::string name) {
  return std::make_shared<MemoryStore>(Memories::Process().Make(std::move(name)), "");
}

ObjectStorePtr OpenMemoryStore(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  CheckFolderPath(path);
  return Memories::Process().Open(path);
}

ObjectStorePtr MakeReplacement(const ObjectStorePtr& store) {
  if (dynamic_cast<const MemoryStore*>(store.get()) == nullptr) return nullptr;
  return std::make_shared<MemoryStore>(Memories::Process().Make(store->root().substr(std::string_view("memory://").size())), "");
}

void NameMemory(const ObjectStorePtr& replacement) {
  Memories::Process().Name(dynamic_cast<const MemoryStore&>(*replacement).files());
}

}  // namespace eider::io
