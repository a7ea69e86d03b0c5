#pragma once
/// \file
/// What a writer knows of a page's values: how many items are null, and bounds of the others. Bounds are inclusive; an absent
/// one is unknown. They are kept beside the checksums (file/checksums.h), and never needed to read.
///
///     numbers, dates, times     the value, little-endian, in its own width
///     text                      the first 16 bytes: of `max` with the last byte raised, so that it stays a bound
///     anything else             no bounds

#include <cstdint>
#include <optional>
#include <string>

#include "eider/page/shred.h"

namespace eider::page {

struct PageStatistics {
  std::optional<uint64_t> null_count;  ///< items that are null, below a null struct included; lists without items are none
  std::optional<std::string> min, max; ///< both or neither
  bool min_is_cut = false, max_is_cut = false;  ///< a bound, but not the value itself
  bool has_nan = false;                ///< NaNs are outside the bounds
  bool operator==(const PageStatistics&) const = default;
};

/// Of the items of `leaf`, whose Arrow type is `type`.
PageStatistics MeasurePage(const ShreddedLeaf& leaf, const DataType& type);

/// A bound as text, for `inspect`: "-3", "1.5", "'abc'"; empty for a type without bounds or bytes that do not fit it.
std::string BoundToText(const std::string& bound, const DataType& type);

}  // namespace eider::page
