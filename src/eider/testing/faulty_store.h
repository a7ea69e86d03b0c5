#pragma once
/// \file
/// Test only: a store whose n-th operation fails, before or after it took effect.

#include <memory>
#include <optional>
#include <string>

#include "eider/base/error.h"
#include "eider/io/store.h"
#include "eider/io/store_path.h"

namespace eider::testing {

class FaultyStore : public io::ObjectStore {
 public:
  explicit FaultyStore(io::ObjectStorePtr inner) : inner_(std::move(inner)) {}
  /// The operation number `n` (from 0) from now on fails; with `after`, it takes effect first.
  void FailAt(int n, bool after) { left_ = n, after_ = after, fired_ = false; }
  /// The next PutIfAbsent in `folder` takes effect and is answered "taken", as a request that was sent twice.
  void AnswerTaken(std::string folder) { taken_ = std::move(folder), fired_ = false; }
  /// The next SyncFolder of `folder` fails and those after it succeed, as on Linux.
  void FailSync(std::string folder) { unsynced_ = std::move(folder), fired_ = false; }
  /// Files in `folder` cannot be opened from now on.
  void FailReads(std::string folder) { unread_ = std::move(folder); }
  bool fired() const { return fired_; }

  const std::string& root() const override { return inner_->root(); }
  io::ReadableFilePtr Open(std::string_view path) const override {
    if (unread_ == io::ParentPath(path)) throw IoError("faulty store: '{}' cannot be read", path);
    return Run([&] { return inner_->Open(path); });
  }
  io::ReadableFilePtr Open(std::string_view path, uint64_t size) const override {
    return Run([&] { return inner_->Open(path, size); });
  }
  std::unique_ptr<io::WritableFile> Create(std::string_view path) override {
    return Run([&] { return inner_->Create(path); });
  }
  bool PutIfAbsent(std::string_view path, ByteSpan bytes, bool sync) override {
    const bool absent = Run([&] { return inner_->PutIfAbsent(path, bytes, sync); });
    return !Fires(&taken_, io::ParentPath(path)) && absent;
  }
  void Put(std::string_view path, ByteSpan bytes, bool sync) override {
    Run([&] { inner_->Put(path, bytes, sync); return 0; });
  }
  std::vector<io::FileInfo> List(std::string_view folder) const override {
    return Run([&] { return inner_->List(folder); });
  }
  void VisitNames(std::string_view folder, const std::function<void(std::string_view)>& visit) const override {
    Run([&] { return inner_->VisitNames(folder, visit), 0; });
  }
  std::vector<std::string> ListFolders(std::string_view folder) const override {
    return Run([&] { return inner_->ListFolders(folder); });
  }
  bool Exists(std::string_view path) const override {
    return Run([&] { return inner_->Exists(path); });
  }
  void Delete(std::string_view path) override {
    Run([&] { inner_->Delete(path); return 0; });
  }
  void DeleteEmptyFolder(std::string_view folder) override {
    Run([&] { inner_->DeleteEmptyFolder(folder); return 0; });
  }
  void SyncFolder(std::string_view folder) override {
    if (Fires(&unsynced_, folder)) throw IoError("faulty store: '{}' was not synced", folder);
    Run([&] { inner_->SyncFolder(folder); return 0; });
  }

 private:
  bool Fires(std::optional<std::string>* armed, std::string_view folder) {
    if (*armed != folder) return false;
    armed->reset();
    return fired_ = true;
  }

  template <typename Body>
  auto Run(Body body) const -> decltype(body()) {
    const bool fail = left_-- == 0;
    if (fail) fired_ = true;
    if (fail && !after_) throw IoError("faulty store: refused");
    auto result = body();
    if (fail) throw IoError("faulty store: the answer was lost");
    return result;
  }

  io::ObjectStorePtr inner_;
  mutable int left_ = -1;
  bool after_ = false;
  std::optional<std::string> taken_;
  std::optional<std::string> unsynced_;
  std::optional<std::string> unread_;
  mutable bool fired_ = false;
};

}  // namespace eider::testing
