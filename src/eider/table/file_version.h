#pragma once
/// \file
/// Versions of data files as manifests write them.

#include <cstdint>
#include <string>

namespace eider::table {

/// "2.2" for (2, 2); (0, 3) and (2, 0) are both "2.0", and (0, below 3) is "0.1".
std::string FileVersionName(uint32_t major, uint32_t minor);

}  // namespace eider::table
