#pragma once
/// \file
/// Test only: a store whose n-th operation fails, before or after it took effect.

#include <optional>
#include <string>

#include "eider/io/store_path.h"
#include "eider/testing/forwarding_store.h"

namespace eider::testing {

class FaultyStore : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  /// The operation number `n` (from 0) from now on fails; with `after`, it takes effect first.
  void FailAt(int n, bool after) { left_ = n, after_ = after, fired_ = false; }
  /// The next PutIfAbsent in `folder` takes effect and is answered "taken", as a request that was sent twice.
  void AnswerTaken(std::string folder) { taken_ = std::move(folder), fired_ = false; }
  /// The next SyncFolder of `folder` fails and those after it succeed, as on Linux.
  void FailSync(std::string folder) { unsynced_ = std::move(folder), fired_ = false; }
  /// Files in `folder` cannot be opened from now on.
  void FailReads(std::string folder) { unread_ = std::move(folder); }
  bool fired() const { return fired_; }

  using ForwardingStore::Open;
  io::ReadableFilePtr Open(std::string_view path) const override {
    if (unread_ == io::ParentPath(path)) throw IoError("store of a test: '{}' cannot be read", path);
    return ForwardingStore::Open(path);
  }
  bool PutIfAbsent(std::string_view path, ByteSpan bytes, bool sync) override {
    const bool absent = ForwardingStore::PutIfAbsent(path, bytes, sync);
    return !Fires(&taken_, io::ParentPath(path)) && absent;
  }
  void SyncFolder(std::string_view folder) override {
    if (Fires(&unsynced_, folder)) throw IoError("store of a test: '{}' was not synced", folder);
    ForwardingStore::SyncFolder(folder);
  }

 private:
  bool Fires(std::optional<std::string>* armed, std::string_view folder) {
    if (*armed != folder) return false;
    armed->reset();
    return fired_ = true;
  }

  bool LosesAnswer() const override {
    if (left_-- != 0) return false;
    fired_ = true;
    if (!after_) throw IoError("store of a test: refused");
    return true;
  }

  mutable int left_ = -1;
  bool after_ = false;
  std::optional<std::string> taken_;
  std::optional<std::string> unsynced_;
  std::optional<std::string> unread_;
  mutable bool fired_ = false;
};

}  // namespace eider::testing
