#include "eider/page/constant_encoder.h"

#include "eider/base/bytes.h"
#include "eider/page/gather.h"

namespace eider::page {
namespace {

using ::lance::encodings21::ConstantLayout;
using codec::LeafValues;

constexpr uint64_t kMaxInlineBytes = 32;

ConstantLayout* StartLayout(const ShreddedLeaf& leaf, EncodedPage& page) {
  ConstantLayout* layout = page.layout.mutable_constant_layout();
  for (const RepDefLayer layer : leaf.layers) layout->add_layers(layer);
  page.num_rows = leaf.num_rows;
  return layout;
}

PageBuffer RawLevels(std::span<const uint16_t> levels) {
  return PageBuffer::Of([&] {
    BufferBuilder bytes(levels.size_bytes());
    bytes.Append(levels.data(), levels.size_bytes());
    return bytes;
  }());
}

template <typename SetEncoding>
PageBuffer CompressedLevels(std::span<const uint16_t> levels, uint16_t max_level, SetEncoding&& encoding) {
  BufferBuilder bytes;
  if (!levels.empty()) codec::MakeLevelCompressor(levels, levels.size(), 2, false, encoding())->Compress(levels, bytes);
  return PageBuffer::Of(std::move(bytes));
}

ByteSpan FixedValue(const LeafValues& values, uint64_t i, uint8_t& bit) {
  const uint64_t bits = values.shape.bits_per_value;
  if (bits % 8 == 0) return values.data.subspan(i * bits / 8, bits / 8);
  bit = GetBit(values.data.data(), values.bit_offset + i);
  return {&bit, 1};
}

BufferBuilder Scalar(const LeafValues& values, uint64_t item) {
  BufferBuilder out;
  if (values.shape.kind == codec::ValueShape::Kind::kFixed) {
    uint8_t bit = 0;
    const ByteSpan value = FixedValue(values, item, bit);
    out.AppendValue<uint32_t>(1);
    out.AppendValue<uint32_t>(uint32_t(value.size()));
    out.Append(value);
    return out;
  }
  const ByteSpan value = values.Value(item);
  const uint64_t offsets[2] = {0, value.size()};
  out.AppendValue<uint32_t>(2);
  out.AppendValue<uint32_t>(2u * values.shape.offset_bytes);
  out.AppendValue<uint32_t>(uint32_t(value.size()));
  for (const uint64_t offset : offsets) out.Append(&offset, values.shape.offset_bytes);
  out.Append(value);
  return out;
}

bool SameItems(const LeafValues& values, uint64_t a, uint64_t b) {
  if (values.shape.kind == codec::ValueShape::Kind::kVariable) {
    const ByteSpan x = values.Value(a), y = values.Value(b);
    return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size()) == 0);
  }
  uint8_t bit_a = 0, bit_b = 0;
  const ByteSpan x = FixedValue(values, a, bit_a), y = FixedValue(values, b, bit_b);
  return std::memcmp(x.data(), y.data(), x.size()) == 0;
}

}  // namespace

EncodedPage EncodeAllNull(const ShreddedLeaf& leaf, uint16_t version_minor) {
  EncodedPage page;
  ConstantLayout* layout = StartLayout(leaf, page);
  if (leaf.layers.size() == 1) return page;
  if (version_minor < 2) {
    page.buffers.push_back(RawLevels(leaf.rep_levels()));
    page.buffers.push_back(RawLevels(leaf.def_levels()));
    return page;
  }
  page.buffers.push_back(CompressedLevels(leaf.rep_levels(), leaf.max_rep, [&] { return layout->mutable_rep_compression(); }));
  page.buffers.push_back(CompressedLevels(leaf.def_levels(), leaf.max_def, [&] { return layout->mutable_def_compression(); }));
  layout->set_num_rep_values(leaf.rep_levels().size());
  layout->set_num_def_values(leaf.def_levels().size());
  return page;
}

std::optional<uint64_t> FindConstant(const ShreddedLeaf& leaf, const LeafValues& values) {
  if (!values.shape.dimensions.empty()) return std::nullopt;
  // Most pages tell within a few items, so that validity is read from the levels as it is needed.
  const std::span<const uint16_t> def = leaf.def_levels();
  std::optional<uint64_t> constant;
  uint64_t item = 0;
  for (uint64_t level = 0; item < leaf.num_items; ++level) {
    if (!def.empty() && def[level] > leaf.max_visible) continue;
    if (def.empty() || def[level] == 0) {
      if (!constant) constant = item;
      else if (!SameItems(values, *constant, item)) return std::nullopt;
    }
    ++item;
  }
  return constant;
}

EncodedPage EncodeConstant(const ShreddedLeaf& leaf, const LeafValues& values, uint64_t item) {
  EncodedPage page;
  ConstantLayout* layout = StartLayout(leaf, page);
  uint8_t bit = 0;
  if (values.shape.kind == codec::ValueShape::Kind::kFixed && values.shape.bits_per_value <= kMaxInlineBytes * 8) {
    const ByteSpan value = FixedValue(values, item, bit);
    layout->set_inline_value(value.data(), value.size());
  } else {
    page.buffers.push_back(PageBuffer::Of(Scalar(values, item)));
  }
  if (leaf.has_rep() || leaf.has_def()) {
    page.buffers.push_back(RawLevels(leaf.rep_levels()));
    page.buffers.push_back(RawLevels(leaf.def_levels()));
  }
  return page;
}

}  // namespace eider::page
