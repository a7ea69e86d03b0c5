#pragma once
/// \file
/// Mini-block pages: chunks of a few KiB, each with its levels and values (mini_block_state.h draws the bytes). One chunk is
/// the unit of a read; within it single values are extracted by address.

#include <atomic>
#include <memory>

#include "eider/codec/decompressor.h"
#include "eider/page/mini_block_state.h"
#include "eider/page/page_decoder.h"

namespace lance::encodings21 {
class MiniBlockLayout;
}

namespace eider::page {

class MiniBlockDecoder final : public PageDecoder {
 public:
  MiniBlockDecoder(const ::lance::encodings21::MiniBlockLayout& layout, const PageSource& source,
                   std::shared_ptr<const LeafSpec> leaf);
  ~MiniBlockDecoder() override;

  std::unique_ptr<PageRead> Read(const RowSelection& selection) const override;
  bool ReadsAnyOrder() const override { return !has_rep() && !whole_chunks_; }
  bool ReadsWholeChunks() const override { return whole_chunks_; }
  bool TakesByAddress() const override;
  bool has_dictionary() const { return dictionary_ != nullptr; }
  uint64_t state_bytes() const override;
  void Prefetch(int step) const override;

  /// Page state, or null while no read has loaded it.
  const MiniBlockState* state() const { return state_.load(std::memory_order_acquire); }
  void WantState(std::vector<ByteRange>& wants) const;
  void LoadState(std::span<const ByteSpan> bytes) const;

  bool has_rep() const { return rep_ != nullptr; }
  bool has_def() const { return def_ != nullptr; }
  bool large() const { return large_; }
  uint64_t num_buffers() const { return num_buffers_; }
  const Layers& layers() const { return layers_; }
  const codec::LevelDecompressor& rep() const { return *rep_; }
  const codec::LevelDecompressor& def() const { return *def_; }
  const codec::MiniBlockDecompressor& values() const { return *values_; }
  ByteRange ChunkRange(size_t chunk) const;
  /// Splits a chunk and checks its level count against the page. `view.buffers` has num_buffers() places.
  void OpenChunk(size_t chunk, ByteSpan bytes, ChunkView& view) const;

  /// Where values of a read are decoded to: `out.values`, or key scratch when the page has a dictionary to be resolved.
  codec::DecodedValues* BeginValues(LeafOutput& out, std::unique_ptr<codec::DecodedValues>& keys) const;
  /// Resolves keys after the levels have been appended. `first_item` is the item length before the read.
  void EndValues(LeafOutput& out, uint64_t first_item, codec::DecodedValues* keys) const;

 private:
  ArrayPtr DecodeDictionary(ByteSpan block) const;

  std::shared_ptr<const LeafSpec> leaf_;
  Layers layers_;
  std::vector<ByteRange> buffers_;
  uint64_t num_items_;
  uint64_t num_buffers_;
  bool large_;
  bool whole_chunks_ = false;
  std::unique_ptr<codec::LevelDecompressor> rep_, def_;
  std::unique_ptr<codec::MiniBlockDecompressor> values_;
  std::unique_ptr<codec::BlockDecompressor> dictionary_;
  uint64_t num_dictionary_items_ = 0;
  codec::ValueShape key_shape_;
  mutable std::atomic<const MiniBlockState*> state_{nullptr};
};

}  // namespace eider::page
