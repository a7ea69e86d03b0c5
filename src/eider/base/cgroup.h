#pragma once
/// \file
/// The memory limit that the kernel's control groups put on this process, v1 and v2.

#include <cstdint>
#include <optional>
#include <string>

namespace eider {

/// The smallest limit among the process's group and its ancestors, or nullopt when there is none. `root` stands for "/"
/// (tests give a folder).
std::optional<uint64_t> CgroupMemoryLimit(const std::string& root = "");

}  // namespace eider
