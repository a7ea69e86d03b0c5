#pragma once
/// \file
/// Makes folders and knows which of them are not yet durable.

#include <set>
#include <string>

#include "eider/base/fork_safe_mutex.h"

namespace eider::io {

class FolderMaker {
 public:
  /// mkdir -p.
  void Make(const std::string& folder);
  /// fsyncs the folder, and the parents of those folders on the way up that Make() made and nobody synced since.
  void Sync(const std::string& folder);

 private:
  ForkSafeMutex mutex_;
  std::set<std::string> fresh_;  ///< made, but their entry in the parent is not synced
};

}  // namespace eider::io
