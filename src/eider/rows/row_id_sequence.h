#pragma once
/// \file
/// Sequences of stable row ids: the ids of a fragment's rows in physical order, deleted rows included.
///
///     segment            meaning
///     range              start, start + 1, ... end - 1
///     range with holes   the same without the listed values
///     range with bitmap  the same, bit i (LSB first) says whether start + i is there
///     sorted / array     listed values: base + u16, base + u32, or u64

#include <cstdint>
#include <string>
#include <vector>

#include "eider/base/bytes.h"

namespace eider::rows {

/// One run of consecutive ids, or a list of them.
struct RowIdSegment {
  uint64_t start = 0;            ///< contiguous: ids start, start + 1, ...
  uint64_t count = 0;
  std::vector<uint64_t> values;  ///< not contiguous: the ids, `count` of them
};

class RowIdSequence {
 public:
  RowIdSequence() = default;
  /// start, start + 1, ... (`count` ids)
  static RowIdSequence FromRange(uint64_t start, uint64_t count);
  /// Any ids, in this order.
  static RowIdSequence FromIds(std::span<const uint64_t> ids);
  /// `max_rows` (the fragment's physical rows) bounds what is expanded. \throws Error(kCorrupt)
  static RowIdSequence Parse(ByteSpan bytes, uint64_t max_rows);
  /// Each segment in the smallest form that holds it.
  std::string Serialize() const;

  /// Appends the ids of `more`.
  void Extend(const RowIdSequence& more);
  uint64_t size() const { return size_; }
  uint64_t at(uint64_t i) const;  ///< i < size()
  /// Ids of rows [first, first + count).
  void Read(uint64_t first, uint64_t count, uint64_t* out) const;
  const std::vector<RowIdSegment>& segments() const { return segments_; }

 private:
  void Append(RowIdSegment segment);
  std::vector<RowIdSegment> segments_;
  std::vector<uint64_t> ends_;  ///< ids in segments [0, i]
  uint64_t size_ = 0;
};

}  // namespace eider::rows
