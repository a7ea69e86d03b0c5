#include "eider/page/blob_decoder.h"

#include "eider/page/unravel.h"
#include "eider/proto/encodings21.pb.h"

namespace eider::page {
namespace {

using ::lance::encodings21::BlobLayout;

class BlobRead final : public PageRead {
 public:
  BlobRead(const BlobDecoder& page, std::unique_ptr<PageRead> inner) : page_(page), inner_(std::move(inner)) {}

  void Want(std::vector<ByteRange>& wants) override { inner_->Want(wants); }
  void Feed(std::span<const ByteSpan> bytes) override { inner_->Feed(bytes); }
  void Decode(LeafOutput& out) override {
    LeafOutput descriptors(page_.inner_leaf());
    inner_->Decode(descriptors);
    if (descriptors.layers[0].has_nulls) throw Corrupt("blob: null descriptors");
    const uint64_t n = descriptors.values.num_values;
    if (n == 0) return;
    std::vector<uint16_t> def(n);
    uint8_t* to = out.values.ExtendFixed(n);
    std::memcpy(to, descriptors.values.data.data(), n * kBlobDescriptorBytes);
    for (uint64_t i = 0; i < n; ++i) {
      const uint64_t position = LoadLe<uint64_t>(to + i * kBlobDescriptorBytes);
      const uint64_t size = LoadLe<uint64_t>(to + i * kBlobDescriptorBytes + 8);
      if (size != 0 || position == 0) continue;
      if (position >> 32 != 0 || (position & 0xFFFF) != 0) throw Corrupt("blob: levels {:#x} of a null item", position);
      def[i] = static_cast<uint16_t>(position >> 16);
      std::memset(to + i * kBlobDescriptorBytes, 0, kBlobDescriptorBytes);
    }
    UnravelItems(page_.layers(), def, out);
  }

 private:
  const BlobDecoder& page_;
  const std::unique_ptr<PageRead> inner_;
};

std::shared_ptr<const LeafSpec> DescriptorLeaf(const LeafSpec& leaf) {
  auto inner = std::make_shared<LeafSpec>();
  inner->type = leaf.type;
  inner->shape = leaf.shape;
  inner->layers.push_back({});
  return inner;
}

}  // namespace

BlobDecoder::BlobDecoder(const BlobLayout& layout, const PageSource& source, std::shared_ptr<const LeafSpec> leaf)
    : PageDecoder(source.num_rows),
      layers_(std::span<const int>(layout.layers().data(), layout.layers().size()), leaf->layers),
      inner_leaf_(DescriptorLeaf(*leaf)) {
  const bool descriptors = leaf->type->id == TypeId::kStruct && leaf->type->children.size() == 2 &&
                           leaf->shape.kind == codec::ValueShape::Kind::kFixed && leaf->shape.bits_per_value == 8 * kBlobDescriptorBytes;
  if (!descriptors) throw Corrupt("blob: a page of descriptors in a column of {}", TypeToString(*leaf->type));
  if (layers_.num_lists() > 0) throw Unsupported("blobs inside lists");
  if (layout.inner_layout().has_blob_layout()) throw Corrupt("blob: a page of blobs inside another");
  const std::string bytes = layout.inner_layout().SerializeAsString();
  PageSource inner = source;
  inner.layout = bytes;
  inner_ = MakePageDecoder(inner, inner_leaf_);
}

std::unique_ptr<PageRead> BlobDecoder::Read(const RowSelection& selection) const {
  return std::make_unique<BlobRead>(*this, inner_->Read(selection));
}

}  // namespace eider::page
