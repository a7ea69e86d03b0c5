#pragma once
/// \file
/// What a writer knows of a page's values: how many items are null, and bounds of the others. Bounds are inclusive; an absent
/// one is unknown. They are kept beside the checksums (file/checksums.h), and never needed to read.
///
///     numbers, dates, times     the value, little-endian, in its own width
///     text                      the first 16 bytes: of `max` with the last byte raised, so that it stays a bound
///     anything else             no bounds; of other writers decimals in their own width, and binaries like text

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "eider/page/shred.h"

namespace eider::page {

struct PageStatistics {
  std::optional<uint64_t> null_count;  ///< items that are null, below a null struct included; lists without items are none
  std::optional<std::string> min, max; ///< both or neither
  bool min_is_cut = false, max_is_cut = false;  ///< a bound, but not the value itself
  bool has_nan = false;                ///< NaNs are outside the bounds
  bool only_bounds = false;            ///< written by others: all values lie within, maybe none of them close to the bounds; has_nan: maybe
  bool operator==(const PageStatistics&) const = default;
};

/// Keeps `low` and `high` as bounds of texts or binaries; none when `high` is too long to be cut.
void KeepBounds(std::string_view low, std::string_view high, PageStatistics& out);

/// Of the items of `leaf`, whose Arrow type is `type`.
PageStatistics MeasurePage(const ShreddedLeaf& leaf, const DataType& type);

/// A bound as text, for `inspect`: "-3", "1.5", "'abc'"; empty for a type without bounds or bytes that do not fit it.
std::string BoundToText(const std::string& bound, const DataType& type);

}  // namespace eider::page
