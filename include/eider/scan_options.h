#pragma once
/// \file
/// What a scan or take reads and how.

#include <eider/stats.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace eider {

struct ScanOptions {
  std::optional<std::vector<std::string>> columns;  ///< nested paths allowed; unset: all
  std::optional<uint64_t> limit, offset;            ///< rows of the live dataset
  std::optional<std::vector<uint64_t>> fragment_ids;
  uint64_t batch_rows = 8192;
  bool with_row_id = false;       ///< adds _rowid
  bool with_row_address = false;  ///< adds _rowaddr
  ScanStats* stats = nullptr;     ///< must outlive the scan
};

}  // namespace eider
