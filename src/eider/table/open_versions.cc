#include "eider/table/open_versions.h"

namespace eider::table {

OpenVersions& OpenVersions::Process() {
  // Never destroyed: handles may be released by other static objects.
  static OpenVersions& open = *new OpenVersions();
  return open;
}

std::shared_ptr<const void> OpenVersions::Hold(const std::string& root, uint64_t version) {
  struct Handle {
    OpenVersions* open;
    std::pair<std::string, uint64_t> key;
    ~Handle() { open->Release(key); }
  };
  {
    std::lock_guard lock(mutex_);
    ++counts_[{root, version}];
  }
  return std::shared_ptr<const void>(new Handle{this, {root, version}}, [](const void* handle) { delete static_cast<const Handle*>(handle); });
}

bool OpenVersions::IsOpen(const std::string& root, uint64_t version) const {
  std::lock_guard lock(mutex_);
  return counts_.contains({root, version});
}

void OpenVersions::Release(const std::pair<std::string, uint64_t>& key) {
  std::lock_guard lock(mutex_);
  const auto found = counts_.find(key);
  if (--found->second == 0) counts_.erase(found);
}

}  // namespace eider::table
