#pragma once
/// \file
/// Test only: a store that asks a script before each operation, as one process of many that share another store.

#include <functional>
#include <string>

#include "eider/base/error.h"
#include "eider/io/store.h"

namespace eider::testing {

/// What happens to an operation. kDies: the process ends there; nothing may catch it.
enum class Fate { kGoesOn, kFails, kLosesItsAnswer, kDies };
struct Died {};

class ScriptedStore final : public io::ObjectStore {
 public:
  /// `process` distinguishes the stores that processes have of one table; `script` is called before each operation.
  ScriptedStore(io::ObjectStorePtr inner, const std::string& process, std::function<Fate()> script)
      : inner_(std::move(inner)), root_(inner_->root() + "#" + process), script_(std::move(script)) {}

  const std::string& root() const override { return root_; }
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
  void SyncFolder(std::string_view folder) override {
    Run([&] { return inner_->SyncFolder(folder), 0; });
  }

 private:
  template <typename Body>
  auto Run(Body body) const -> decltype(body()) {
    const Fate fate = script_();
    if (fate == Fate::kFails) throw IoError("scripted store: refused");
    if (fate == Fate::kDies) throw Died();
    auto result = body();
    if (fate == Fate::kLosesItsAnswer) throw IoError("scripted store: the answer was lost");
    return result;
  }

  const io::ObjectStorePtr inner_;
  const std::string root_;
  const std::function<Fate()> script_;
};

}  // namespace eider::testing
