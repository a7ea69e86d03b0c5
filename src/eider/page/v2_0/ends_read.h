#pragma once
/// \file
/// Ends of variable-width values and of lists in a 2.0 page. Internal to this folder.
///
///     | end0 | end1 | ... |     each counts from the start of the page; a null adds `null_adjustment`
///
/// Value i starts at end i - 1 (the first: at 0), so a range of values reads one end more.

#include <optional>

#include "eider/page/v2_0/array_encoding.h"

namespace eider::page::v2_0 {

class EndsRead {
 public:
  /// null_adjustment 0: there are no nulls.
  EndsRead(const ::lance::encodings::ArrayEncoding& ends, uint64_t null_adjustment, const PageBuffers& buffers, RowRanges ranges, int depth);
  void Want(std::vector<ByteRange>& wants) { read_->Want(wants); }
  void Feed(std::span<const ByteSpan> bytes) { read_->Feed(bytes); }
  /// \throws Error(kCorrupt) when ends fall
  ListRows Finish();
  uint64_t num_values() const { return num_values_; }

 private:
  const uint64_t null_adjustment_;
  const RowRanges ranges_;
  const uint64_t num_values_;
  TypePtr type_;
  ArrayReadPtr read_;
};

/// The unsigned integer type in which `encoding` stores its values. \throws Error(kCorrupt) when it stores something else.
TypePtr StoredIntegerType(const ::lance::encodings::ArrayEncoding& encoding, int depth = 0);
/// Value `i` of an array of an unsigned integer type.
uint64_t IntegerAt(const Array& array, uint64_t i);

}  // namespace eider::page::v2_0
