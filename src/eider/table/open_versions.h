#pragma once
/// \file
/// Which versions this process has open: cleanup spares them.

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "eider/base/fork_safe_mutex.h"

namespace eider::table {

class OpenVersions {
 public:
  static OpenVersions& Process();

  /// The version counts as open until the handle is gone. `root`: of its store.
  std::shared_ptr<const void> Hold(const std::string& root, uint64_t version);
  bool IsOpen(const std::string& root, uint64_t version) const;

 private:
  void Release(const std::pair<std::string, uint64_t>& key);

  mutable ForkSafeMutex mutex_;
  std::map<std::pair<std::string, uint64_t>, uint64_t> counts_;
};

}  // namespace eider::table
