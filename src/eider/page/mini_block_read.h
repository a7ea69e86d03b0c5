#pragma once
/// \file
/// Reads of one mini-block page: without lists a row is an item and is found by arithmetic; with lists the repetition index
/// leads to the chunk, and the chunk's levels to the row.

#include "eider/base/bytes.h"
#include "eider/page/mini_block_decoder.h"

namespace eider::page {

/// A chunk is touched in two steps, so that the misses of several chunks overlap: its header first ...
inline void PrefetchChunk(ByteSpan chunk) { Prefetch(chunk.data()); }
/// ... then, when that has arrived, where its levels and values start.
inline void PrefetchParts(ByteSpan chunk, bool large, bool has_rep, bool has_def, size_t num_buffers) {
  if (chunk.size() < 8) return;
  const uint64_t header = 2 + (has_rep ? 2 : 0) + (has_def ? 2 : 0) + num_buffers * (large ? 4 : 2);
  const uint64_t rep_bytes = has_rep ? LoadLe<uint16_t>(chunk.data() + 2) : 0;
  const uint64_t def_bytes = has_def ? LoadLe<uint16_t>(chunk.data() + (has_rep ? 4 : 2)) : 0;
  const uint64_t levels = AlignUp(header, 8);
  const uint64_t values = levels + AlignUp(rep_bytes, 8) + AlignUp(def_bytes, 8);
  if (values >= chunk.size()) return;
  PrefetchBytes(chunk.data() + levels, values + 1 - levels);
}

/// State first, when the page has none yet; then whatever the derived read plans.
class MiniBlockRead : public PageRead {
 public:
  MiniBlockRead(const MiniBlockDecoder& page, const RowSelection& selection) : page_(page), selection_(selection) {}

  void Want(std::vector<ByteRange>& wants) final;
  void Feed(std::span<const ByteSpan> bytes) final;
  void LookAhead(std::span<const ByteSpan> following) final;
  void Decode(LeafOutput& out) final;

 protected:
  /// Appends the chunks wanted; the page has its state.
  virtual void Plan(std::vector<ByteRange>& wants) = 0;
  /// Appends levels to `out` and values to `values`.
  virtual void DecodeInto(codec::DecodedValues& values, LeafOutput& out) = 0;

  /// To be called before chunk `k` of those fed is opened.
  void Prefetch(size_t k) const {
    if (k + 8 < ahead_.size()) PrefetchChunk(ahead_[k + 8]);
    if (k + 4 < ahead_.size()) {
      PrefetchParts(ahead_[k + 4], page_.large(), page_.has_rep(), page_.has_def(), page_.num_buffers());
    }
  }

  /// After chunk `k` of those fed: makes room for the others.
  void ReserveRest(size_t k, LeafOutput& out) const;

  const MiniBlockDecoder& page_;
  const RowSelection selection_;
  std::span<const ByteSpan> chunks_;  // fed, in the order wanted
  ChunkView view_;

 private:
  std::span<const ByteSpan> ahead_;  // chunks_, and those of the next pages
  bool planned_ = false;
};

std::unique_ptr<PageRead> MakeMiniBlockItemRead(const MiniBlockDecoder& page, const RowSelection& selection);
std::unique_ptr<PageRead> MakeMiniBlockListRead(const MiniBlockDecoder& page, const RowSelection& selection);

}  // namespace eider::page
