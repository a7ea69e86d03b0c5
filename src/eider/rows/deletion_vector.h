#pragma once
/// \file
/// The deleted rows of one fragment, and the map between live positions and physical offsets.
///
///     physical   0 1 2 3 4 5 6 7        deleted {1, 2, 5}
///     live       0 . . 1 2 . 3 4        PhysicalOffset(3) == 6
///
/// Few deletions are kept as a sorted array (binary search), many as a bitmap with counts per 512 rows, so memory follows
/// the number of deletions and not the number of rows.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "eider/base/bytes.h"
#include "eider/rows/row_address.h"

namespace eider::rows {

/// Immutable, thread-safe.
class DeletionVector {
 public:
  /// Offsets in any order. \throws Error(kCorrupt) for an offset >= num_rows, or one that is listed twice.
  static std::shared_ptr<const DeletionVector> FromOffsets(std::vector<uint32_t> offsets, uint64_t num_rows);
  /// A portable 32-bit roaring bitmap from untrusted bytes. \throws Error(kCorrupt)
  static std::shared_ptr<const DeletionVector> FromRoaring(ByteSpan bytes, uint64_t num_rows);

  uint64_t num_rows() const { return num_rows_; }  ///< physical
  uint64_t num_deleted() const { return num_deleted_; }
  uint64_t num_live() const { return num_rows_ - num_deleted_; }
  bool IsDeleted(uint64_t offset) const;
  /// Live rows before physical row `offset`; offset <= num_rows().
  uint64_t CountLive(uint64_t offset) const;
  /// Physical offset of live row `k`; k < num_live().
  uint64_t PhysicalOffset(uint64_t k) const;
  /// The same for many; out[i] belongs to live[i], any order.
  void PhysicalOffsets(std::span<const uint64_t> live, std::span<uint64_t> out) const;
  /// Maximal runs of live rows within physical rows [first, first + count), ascending.
  std::vector<RowRange> LiveRanges(uint64_t first, uint64_t count) const;
  /// All deleted offsets, ascending.
  std::vector<uint32_t> Offsets() const;
  /// As a portable 32-bit roaring bitmap.
  std::string ToRoaring() const;

 private:
  DeletionVector(uint64_t num_rows, uint64_t num_deleted);
  void DeleteRun(uint32_t first, uint32_t count);
  void IndexBitmap();
  bool dense() const { return !live_bits_.empty(); }
  uint64_t SelectInBitmap(uint64_t k) const;

  uint64_t num_rows_ = 0;
  uint64_t num_deleted_ = 0;
  std::vector<uint32_t> sorted_;       ///< the sparse form, else empty
  std::vector<uint64_t> live_bits_;    ///< the dense form: bit set = live, whole blocks of 512
  std::vector<uint32_t> live_before_;  ///< per block: live rows in all blocks before it (u32: offsets are 32-bit)
  std::vector<uint32_t> select_hint_;  ///< block of every 512th live row
};
using DeletionVectorPtr = std::shared_ptr<const DeletionVector>;

}  // namespace eider::rows
