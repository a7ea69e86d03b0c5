#pragma once
/// \file
/// Addresses of live rows by their place among those of a scan: found for the few that are wanted, not read for all.

#include <optional>
#include <vector>

#include "eider/query/table_reader.h"

namespace eider::mutate {

class ScannedRows {
 public:
  /// `fragment_ids`: of the scan, in its order; unset means all. \throws Error(kNotFound) for one that is not there
  ScannedRows(const query::TableReader& table, const std::optional<std::vector<uint64_t>>& fragment_ids);
  /// \pre `position` is below the number of the scan's rows
  uint64_t AddressOf(uint64_t position) const;

 private:
  const query::TableReader& table_;
  std::vector<size_t> fragments_;
  std::vector<uint64_t> starts_{0};  ///< rows before each fragment, and all
};

}  // namespace eider::mutate
