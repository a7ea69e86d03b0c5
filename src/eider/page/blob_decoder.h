#pragma once
/// \file
/// Blob pages (v1): descriptors, whose bytes lie elsewhere in the file.
///
///     inner page     packed struct<position u64, size u64>, one per item, none null
///     size = 0       an empty value when position is 0, else an item that is null: position = rep | def << 16
///
/// Rows come out as structs of position and size, null where the item is.

#include "eider/page/page_decoder.h"

namespace lance::encodings21 {
class BlobLayout;
}

namespace eider::page {

constexpr uint64_t kBlobDescriptorBytes = 16;

class BlobDecoder final : public PageDecoder {
 public:
  BlobDecoder(const ::lance::encodings21::BlobLayout& layout, const PageSource& source, std::shared_ptr<const LeafSpec> leaf);
  std::unique_ptr<PageRead> Read(const RowSelection& selection) const override;
  bool ReadsAnyOrder() const override { return inner_->ReadsAnyOrder(); }

  const Layers& layers() const { return layers_; }
  const PageDecoder& inner() const { return *inner_; }
  const std::shared_ptr<const LeafSpec>& inner_leaf() const { return inner_leaf_; }

 private:
  Layers layers_;
  std::shared_ptr<const LeafSpec> inner_leaf_;
  std::unique_ptr<PageDecoder> inner_;
};

}  // namespace eider::page
