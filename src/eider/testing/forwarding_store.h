#pragma once
/// \file
/// Test only: a store that hands each operation to another one, and asks a hook first.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "eider/base/error.h"
#include "eider/io/store.h"

namespace eider::testing {

class ForwardingStore : public io::ObjectStore {
 public:
  explicit ForwardingStore(io::ObjectStorePtr inner) : inner_(std::move(inner)) {}

  const std::string& root() const override { return inner_->root(); }
  io::ReadableFilePtr Open(std::string_view path) const override {
    return Run([&] { return inner_->Open(path); });
  }
  io::ReadableFilePtr Open(std::string_view path, uint64_t size) const override {
    return Run([&] { return inner_->Open(path, size); });
  }
  std::unique_ptr<io::WritableFile> Create(std::string_view path) override {
    return Run([&] { return inner_->Create(path); });
  }
  bool PutIfAbsent(std::string_view path, ByteSpan bytes, bool sync) override {
    return Run([&] { return inner_->PutIfAbsent(path, bytes, sync); });
  }
  void Put(std::string_view path, ByteSpan bytes, bool sync) override {
    Run([&] { return inner_->Put(path, bytes, sync), 0; });
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
    Run([&] { return inner_->Delete(path), 0; });
  }
  void DeleteEmptyFolder(std::string_view folder) override {
    Run([&] { return inner_->DeleteEmptyFolder(folder), 0; });
  }
  bool DeleteRoot() override {
    return Run([&] { return inner_->DeleteRoot(); });
  }
  bool DeleteTree(std::string_view folder) override {
    return Run([&] { return inner_->DeleteTree(folder); });
  }
  void RenameAll(std::string_view folder, const std::map<std::string, std::string>& names) override {
    Run([&] { return inner_->RenameAll(folder, names), 0; });
  }
  io::IoCounters* counters() const override { return inner_->counters(); }
  void SyncFolder(std::string_view folder) override {
    Run([&] { return inner_->SyncFolder(folder), 0; });
  }

 protected:
  /// What becomes of the next operation: it is refused by what this throws; true: it takes effect, and its answer is lost.
  virtual bool LosesAnswer() const = 0;

 private:
  template <typename Body>
  auto Run(Body body) const -> decltype(body()) {
    const bool loses = LosesAnswer();
    auto result = body();
    if (loses) throw IoError("store of a test: the answer was lost");
    return result;
  }

  const io::ObjectStorePtr inner_;
};

}  // namespace eider::testing
