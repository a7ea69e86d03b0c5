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
  if (!levels.empty()) codec::MakeLevelCompressor(levels, max_level, 2, encoding())->Compress(levels, bytes);
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

/// True when every item in [first, last) for which `is_valid` holds equals values[item].
template <typename IsValid>
bool AllEqual(const LeafValues& values, uint64_t item, IsValid&& is_valid) {
  if (values.shape.kind == codec::ValueShape::Kind::kVariable) {
    const ByteSpan first = values.Value(item);
    for (uint64_t i = item + 1; i < values.num_values; ++i) {
      if (!is_valid(i)) continue;
      const ByteSpan value = values.Value(i);
      if (value.size() != first.size() || (value.size() && std::memcmp(value.data(), first.data(), value.size()) != 0)) return false;
    }
    return true;
  }
  uint8_t first_bit = 0, bit = 0;
  const ByteSpan first = FixedValue(values, item, first_bit);
  for (uint64_t i = item + 1; i < values.num_values; ++i) {
    if (is_valid(i) && std::memcmp(FixedValue(values, i, bit).data(), first.data(), first.size()) != 0) return false;
  }
  return true;
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
  if (leaf.num_values == leaf.num_items) {
    return AllEqual(values, 0, [](uint64_t) { return true; }) ? std::optional<uint64_t>(0) : std::nullopt;
  }
  const Buffer validity = ItemValidity(leaf);
  uint64_t item = 0;
  while (!GetBit(validity.data(), item)) ++item;
  return AllEqual(values, item, [&](uint64_t i) { return GetBit(validity.data(), i); }) ? std::optional(item) : std::nullopt;
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
