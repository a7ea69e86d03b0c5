#pragma once
/// \file
/// Where a row lies: fragment and physical offset, packed as the format's row address (fragment << 32 | offset).

#include <compare>
#include <cstdint>

namespace eider::rows {

struct RowAddress {
  uint64_t value = 0;

  static constexpr RowAddress Make(uint32_t fragment, uint32_t offset) { return {uint64_t{fragment} << 32 | offset}; }
  constexpr uint32_t fragment() const { return static_cast<uint32_t>(value >> 32); }
  constexpr uint32_t offset() const { return static_cast<uint32_t>(value); }
  auto operator<=>(const RowAddress&) const = default;
};

/// Rows [first, first + count).
struct RowRange {
  uint64_t first = 0;
  uint64_t count = 0;
  constexpr uint64_t end() const { return first + count; }
  bool operator==(const RowRange&) const = default;
};

}  // namespace eider::rows
