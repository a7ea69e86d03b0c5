#pragma once
/// \file
/// Fixed-width values that lie back to back in a file.

#include "eider/page/array_read.h"

namespace eider::page {

/// Wants the bytes of the rows and finishes as one buffer: a view of the mapping where it can, else a copy.
class PlainRead {
 public:
  /// `bits` per value; `mapping` may be absent. \throws Error(kCorrupt) in Want, when the buffer is too short
  PlainRead(ByteRange buffer, uint64_t bits, RowRanges ranges, Buffer mapping);
  void Want(std::vector<ByteRange>& wants);
  void Feed(std::span<const ByteSpan> bytes) { bytes_.assign(bytes.begin(), bytes.end()); }
  /// `alignment` of a view; 0: always copy.
  Buffer Finish(uint64_t alignment);
  uint64_t num_values() const { return num_values_; }

 private:
  Buffer FinishBits();

  const ByteRange buffer_;
  const uint64_t bits_;
  const RowRanges ranges_;
  const Buffer mapping_;
  const uint64_t num_values_;
  bool wanted_ = false;
  std::vector<ByteSpan> bytes_;
};

/// Whole bytes that hold bits [first, end) of a buffer. \throws Error(kCorrupt) when it is shorter
ByteRange BitsIn(ByteRange buffer, uint64_t first, uint64_t end, const char* what);

/// An array without nulls of a fixed-width type, or of (nested) fixed-size lists of one.
ArrayPtr MakeFixedArray(const TypePtr& type, uint64_t length, Buffer data);

/// Plain values as an array of `type`: fixed width, or fixed-size lists of that.
ArrayReadPtr MakePlainRead(ByteRange buffer, TypePtr type, RowRanges ranges, Buffer mapping);

}  // namespace eider::page
