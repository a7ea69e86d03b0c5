#pragma once
/// \file
/// Reads of fixed-width values of a 2.0 page: flat and the two bit-packings. Internal to this folder.

#include "eider/page/v2_0/array_encoding.h"

namespace eider::page::v2_0 {

/// The buffer that `reference` names. \throws Error(kCorrupt) when there is none.
ByteRange FindBuffer(const ::lance::encodings::Buffer& reference, const PageBuffers& buffers);

ArrayReadPtr MakeFlatRead(const ::lance::encodings::Flat& flat, const PageBuffers& buffers, TypePtr type, RowRanges ranges);
ArrayReadPtr MakeBitpackedRead(const ::lance::encodings::Bitpacked& packed, const PageBuffers& buffers, TypePtr type, RowRanges ranges);
ArrayReadPtr MakeBlockPackedRead(const ::lance::encodings::BitpackedForNonNeg& packed, const PageBuffers& buffers, TypePtr type,
                                 RowRanges ranges);

/// Fixed-width values of plain bytes: wants them, and finishes as one buffer. Also the rows of packed structs.
class PlainRead {
 public:
  PlainRead(ByteRange buffer, uint64_t bits, RowRanges ranges, Buffer mapping);
  void Want(std::vector<ByteRange>& wants);
  void Feed(std::span<const ByteSpan> bytes) { bytes_.assign(bytes.begin(), bytes.end()); }
  /// `alignment` of a view into the mapping; 0: always copy.
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

std::shared_ptr<Array> NewFixedArray(const TypePtr& type, uint64_t length, Buffer data);

}  // namespace eider::page::v2_0
