#include "eider/base/cgroup.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>

namespace eider {
namespace {

std::optional<uint64_t> ReadLimit(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  if (!(file >> text) || text == "max") return std::nullopt;
  uint64_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  // v1 writes "no limit" as the largest multiple of the page size.
  if (error != std::errc() || end != text.data() + text.size() || limit >= (uint64_t{1} << 62)) return std::nullopt;
  return limit;
}

/// The smallest `leaf` along `group` up to the mount point. A group path of the host may not exist in a container, so
/// missing files are skipped.
std::optional<uint64_t> SmallestLimit(const std::string& mount, std::string group, const char* leaf) {
  std::optional<uint64_t> smallest;
  while (true) {
    while (!group.empty() && group.back() == '/') group.pop_back();
    if (const auto limit = ReadLimit(mount + group + "/" + leaf)) smallest = std::min(smallest.value_or(*limit), *limit);
    if (group.empty()) return smallest;
    group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
}

bool HasController(std::string_view controllers, std::string_view name) {
  while (!controllers.empty()) {
    const size_t comma = controllers.find(',');
    if (controllers.substr(0, comma) == name) return true;
    if (comma == std::string_view::npos) return false;
    controllers.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

std::optional<uint64_t> CgroupMemoryLimit(const std::string& root) {
  std::ifstream groups(root + "/proc/self/cgroup");
  std::optional<uint64_t> smallest;
  // Lines are "id:controllers:path"; v2 is "0::path".
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    std::optional<uint64_t> limit;
    if (controllers.empty()) {
      limit = SmallestLimit(root + "/sys/fs/cgroup", group, "memory.max");
    } else if (HasController(controllers, "memory")) {
      limit = SmallestLimit(root + "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes");
    }
    if (limit) smallest = std::min(smallest.value_or(*limit), *limit);
  }
  return smallest;
}

}  // namespace eider
