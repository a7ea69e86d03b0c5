#pragma once
/// \file
/// Reads of one mini-block page: without lists a row is an item and is found by arithmetic; with lists the repetition index
/// leads to the chunk, and the chunk's levels to the row.

#include "eider/page/mini_block_decoder.h"

namespace eider::page {

/// State first, when the page has none yet; then whatever the derived read plans.
class MiniBlockRead : public PageRead {
 public:
  MiniBlockRead(const MiniBlockDecoder& page, const RowSelection& selection) : page_(page), selection_(selection) {}

  void Want(std::vector<ByteRange>& wants) final;
  void Feed(std::span<const ByteSpan> bytes) final;
  void Decode(LeafOutput& out) final;

 protected:
  /// Appends the chunks wanted; the page has its state.
  virtual void Plan(std::vector<ByteRange>& wants) = 0;
  /// Appends levels to `out` and values to `values`.
  virtual void DecodeInto(codec::DecodedValues& values, LeafOutput& out) = 0;

  const MiniBlockDecoder& page_;
  const RowSelection selection_;
  std::vector<ByteSpan> chunks_;  // fed, in the order wanted
  ChunkView view_;

 private:
  bool planned_ = false;
};

/// Levels and values lie behind the header: the first lines of a chunk are wanted soon.
inline void PrefetchChunk(ByteSpan chunk) {
  __builtin_prefetch(chunk.data());
  __builtin_prefetch(chunk.data() + 64);
}

std::unique_ptr<PageRead> MakeMiniBlockItemRead(const MiniBlockDecoder& page, const RowSelection& selection);
std::unique_ptr<PageRead> MakeMiniBlockListRead(const MiniBlockDecoder& page, const RowSelection& selection);

}  // namespace eider::page
