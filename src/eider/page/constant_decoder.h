#pragma once
/// \file
/// Constant pages: every visible item is null (2.1 and 2.2), or has the same value (2.2). Only levels may be stored.
///
///     buffers:  none | rep, def | scalar | scalar, rep, def
///     levels:   raw u16; 2.2 all-null pages compress them as blocks and say how many there are
///     scalar:   u32 number of buffers, u32 length of each, their bytes: the Arrow buffers of an array of one
///
/// Without scalar buffer and without a value in the layout the page is all null.

#include <atomic>

#include "eider/codec/decompressor.h"
#include "eider/page/page_decoder.h"

namespace lance::encodings21 {
class ConstantLayout;
}

namespace eider::page {

/// Levels and value, kept after the first read.
struct ConstantState {
  std::vector<uint16_t> rep, def;
  std::vector<uint64_t> rows;  ///< with lists: the level at which each row starts, and the number of levels
  std::unique_ptr<codec::DecodedValues> value;  ///< one value; null: all null
};

class ConstantDecoder final : public PageDecoder {
 public:
  ConstantDecoder(const ::lance::encodings21::ConstantLayout& layout, const PageSource& source,
                  std::shared_ptr<const LeafSpec> leaf);
  ~ConstantDecoder() override;
  std::unique_ptr<PageRead> Read(const RowSelection& selection) const override;

  uint64_t state_bytes() const override;

  const Layers& layers() const { return layers_; }
  const ConstantState* state() const { return state_.load(std::memory_order_acquire); }
  std::span<const ByteRange> buffers() const { return buffers_; }
  void LoadState(std::span<const ByteSpan> bytes) const;

 private:
  const codec::ValueShape& shape() const { return leaf_->is_dictionary() ? leaf_->dictionary_shape : leaf_->shape; }
  std::vector<uint16_t> DecodeLevels(ByteSpan bytes, const codec::LevelDecompressor* decompressor, uint64_t count) const;
  void CheckLevels(ConstantState& state) const;
  std::unique_ptr<codec::DecodedValues> ParseInline(ByteSpan bytes) const;
  std::unique_ptr<codec::DecodedValues> ParseScalar(ByteSpan bytes) const;

  std::shared_ptr<const LeafSpec> leaf_;
  Layers layers_;
  std::vector<ByteRange> buffers_;
  std::string inline_value_;
  bool has_inline_ = false;
  std::unique_ptr<codec::LevelDecompressor> rep_, def_;
  uint64_t num_rep_ = 0, num_def_ = 0;
  mutable std::atomic<const ConstantState*> state_{nullptr};
};

}  // namespace eider::page
