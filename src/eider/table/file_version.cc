#include "eider/table/file_version.h"

#include <fmt/format.h>

namespace eider::table {

std::string FileVersionName(uint32_t major, uint32_t minor) {
  if (major == 0) return minor >= 3 ? "2.0" : "0.1";
  return fmt::format("{}.{}", major, minor);
}

}  // namespace eider::table
