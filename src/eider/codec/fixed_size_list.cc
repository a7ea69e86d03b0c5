#include "eider/codec/fixed_size_list.h"

#include <fmt/format.h>

#include "eider/codec/flat.h"

namespace eider::codec {
namespace {

// A layer and the number of its elements in one value.
struct Layer {
  uint64_t elements_per_value;
  bool has_validity;
};

// Full-zip: where every item below some layer is null, the reference engine stores neither the layers below nor the items.
bool IsAbsent(const CompressiveEncoding& items) { return items.has_constant() && items.constant().value().empty(); }

// Walks the nested messages, holding them against the dimensions of the column.
std::vector<Layer> LayersOf(const CompressiveEncoding& encoding, const ValueShape& shape, int depth, bool* absent = nullptr) {
  std::vector<Layer> layers;
  const CompressiveEncoding* inner = &encoding;
  uint64_t elements = 1;
  while (inner->has_fixed_size_list()) {
    FindCodec(*inner, depth + static_cast<int>(layers.size()));  // bounds the nesting
    const auto& list = inner->fixed_size_list();
    if (layers.size() == shape.dimensions.size() || list.items_per_value() != shape.dimensions[layers.size()]) {
      throw Corrupt("fixed_size_list: layer {} has {} items, the column has {} layers{}", layers.size(), list.items_per_value(),
                    shape.dimensions.size(),
                    layers.size() < shape.dimensions.size() ? fmt::format(" ({})", shape.dimensions[layers.size()]) : "");
    }
    elements = CheckedMul(elements, list.items_per_value(), "fixed_size_list: items");
    layers.push_back({elements, list.has_validity()});
    inner = &list.values();
  }
  if (absent != nullptr && IsAbsent(*inner) && !layers.empty() && layers.back().has_validity) {
    *absent = true;
    return layers;
  }
  if (layers.size() != shape.dimensions.size()) {
    throw Corrupt("fixed_size_list: {} layers, the column has {}", layers.size(), shape.dimensions.size());
  }
  CheckFixed("fixed_size_list", shape, CheckedMul(elements, FlatBits(*inner, "fixed_size_list: items"), "fixed_size_list: bits"));
  return layers;
}

class FixedSizeListMiniBlock final : public MiniBlockDecompressor {
 public:
  FixedSizeListMiniBlock(std::vector<Layer> layers, uint64_t bits) : layers_(std::move(layers)), bits_(bits) {
    for (const Layer& layer : layers_) num_validity_ += layer.has_validity;
  }
  uint32_t num_buffers() const override { return num_validity_ + 1; }
  uint64_t max_first_buffer_bytes(uint64_t num_values) const override { return FlatBytes(num_values, bits_) + num_values; }

  void AppendRange(std::span<const ByteSpan> buffers, uint64_t num_values, uint64_t first, uint64_t count,
                   DecodedValues& out) const override {
    CheckSizes(buffers, num_values);
    if (count == 0) return;
    ForEachLayer(buffers, out, [&](size_t k, const uint8_t* validity, uint64_t elements) {
      out.AppendElementValidity(k, validity, first * elements, count);
    }, count);
    AppendFlatRange(buffers.back().data(), first, count, out);
  }
  void AppendAt(std::span<const ByteSpan> buffers, uint64_t num_values, std::span<const uint32_t> positions,
                DecodedValues& out) const override {
    CheckSizes(buffers, num_values);
    if (num_validity_ == 0) {
      for (size_t k = 0; k < layers_.size(); ++k) out.AppendElementsValid(k, positions.size());
      return AppendFlatAt(buffers.back().data(), positions, out);
    }
    for (const uint32_t position : positions) {
      ForEachLayer(buffers, out, [&](size_t k, const uint8_t* validity, uint64_t elements) {
        out.AppendElementValidity(k, validity, position * elements, 1);
      }, 1);
      AppendFlatAt(buffers.back().data(), {&position, 1}, out);
    }
  }
  void PrefetchAt(std::span<const ByteSpan> buffers, uint64_t, uint32_t position, int step) const override {
    if (step == 0) PrefetchFlatAt(buffers.back(), position, bits_);
  }

 private:
  // `body` for each layer with validity; the others gain `count` valid values where somebody asks.
  template <typename Body>
  void ForEachLayer(std::span<const ByteSpan> buffers, DecodedValues& out, const Body& body, uint64_t count) const {
    size_t buffer = 0;
    for (size_t k = 0; k < layers_.size(); ++k) {
      if (layers_[k].has_validity) {
        body(k, buffers[buffer++].data(), layers_[k].elements_per_value);
      } else {
        out.AppendElementsValid(k, count);
      }
    }
  }
  void CheckSizes(std::span<const ByteSpan> buffers, uint64_t num_values) const {
    size_t buffer = 0;
    for (const Layer& layer : layers_) {
      if (!layer.has_validity) continue;
      const uint64_t expected = FlatBytes(num_values, layer.elements_per_value);
      if (buffers[buffer].size() != expected) {
        throw Corrupt("fixed_size_list: validity of {} bytes, {} values take {}", buffers[buffer].size(), num_values, expected);
      }
      ++buffer;
    }
    const uint64_t expected = FlatBytes(num_values, bits_);
    if (buffers.back().size() != expected) {
      throw Corrupt("fixed_size_list: items of {} bytes, {} values take {}", buffers.back().size(), num_values, expected);
    }
  }
  const std::vector<Layer> layers_;
  const uint64_t bits_;
  uint32_t num_validity_ = 0;
};

/// Only element validity is stored: all items are null.
class NullItemsPerValue final : public PerValueDecompressor {
 public:
  explicit NullItemsPerValue(std::vector<Layer> layers) : layers_(std::move(layers)) {
    for (const Layer& layer : layers_) prefix_ += layer.has_validity ? BytesForBits(layer.elements_per_value) : 0;
  }
  uint64_t stored_bytes() const override { return 0; }
  uint64_t validity_prefix_bytes() const override { return prefix_; }
  bool is_plain() const override { return false; }
  void AppendValue(ByteSpan stored, DecodedValues& out) const override {
    if (stored.size() != prefix_) throw Corrupt("fixed_size_list: a value of {} bytes, expected {}", stored.size(), prefix_);
    const uint8_t* at = stored.data();
    for (size_t k = 0; k < out.fsl_validity.size(); ++k) {
      if (k >= layers_.size() || !layers_[k].has_validity) {
        out.AppendElementsValid(k, 1);
        continue;
      }
      out.AppendElementValidity(k, at, 0, 1);
      at += BytesForBits(layers_[k].elements_per_value);
    }
    if (out.is_bits()) {
      out.bits.AppendFill(out.shape.bits_per_value, false);
    } else {
      out.data.AppendFill(out.shape.bits_per_value / 8, 0);
    }
    ++out.num_values;
  }

 private:
  const std::vector<Layer> layers_;
  uint64_t prefix_ = 0;
};

class FixedSizeListPerValue final : public PerValueDecompressor {
 public:
  FixedSizeListPerValue(std::vector<Layer> layers, uint64_t bytes) : layers_(std::move(layers)), bytes_(bytes) {
    for (const Layer& layer : layers_) {
      if (layer.has_validity) prefix_ += BytesForBits(layer.elements_per_value);
    }
  }
  uint64_t stored_bytes() const override { return bytes_; }
  uint64_t validity_prefix_bytes() const override { return prefix_; }
  bool is_plain() const override { return prefix_ == 0; }
  void AppendValue(ByteSpan stored, DecodedValues& out) const override {
    if (stored.size() != prefix_ + bytes_) {
      throw Corrupt("fixed_size_list: a value of {} bytes, expected {}", stored.size(), prefix_ + bytes_);
    }
    const uint8_t* at = stored.data();
    for (size_t k = 0; k < layers_.size(); ++k) {
      if (!layers_[k].has_validity) {
        out.AppendElementsValid(k, 1);
        continue;
      }
      out.AppendElementValidity(k, at, 0, 1);
      at += BytesForBits(layers_[k].elements_per_value);
    }
    AppendFlatRange(at, 0, 1, out);
  }

 private:
  const std::vector<Layer> layers_;
  const uint64_t bytes_;
  uint64_t prefix_ = 0;
};

}  // namespace

namespace {

// Fills the nested messages; returns the layers.
std::vector<Layer> DescribeLayers(const LeafValues& values, CompressiveEncoding* encoding) {
  std::vector<Layer> layers;
  uint64_t elements = 1;
  for (size_t k = 0; k < values.shape.dimensions.size(); ++k) {
    auto* list = encoding->mutable_fixed_size_list();
    const bool has_validity = k < values.fsl_validity.size() && !values.fsl_validity[k].empty();
    elements *= values.shape.dimensions[k];
    list->set_items_per_value(values.shape.dimensions[k]);
    list->set_has_validity(has_validity);
    layers.push_back({elements, has_validity});
    encoding = list->mutable_values();
  }
  SetFlat(elements == 0 ? 0 : values.shape.bits_per_value / elements, encoding);
  return layers;
}

void AppendBits(const uint8_t* bits, uint64_t offset, uint64_t n, BufferBuilder& out) {
  uint8_t* to = out.Extend(BytesForBits(n));
  std::memset(to, 0, BytesForBits(n));
  CopyBits(bits, offset, to, 0, n);
}

}  // namespace

namespace {

/// Values of whole bytes without validity are stored as they lie.
void BorrowFlat(const LeafValues& values, uint64_t per_chunk, MiniBlockPage& page) {
  const uint64_t bytes = values.shape.bits_per_value / 8;
  page.borrowed = values.data.first(values.num_values * bytes);
  uint64_t first = 0;
  do {
    const uint64_t count = std::min(per_chunk, values.num_values - first);
    page.chunks.push_back({.num_values = static_cast<uint32_t>(count), .buffer_sizes = {static_cast<uint32_t>(count * bytes)}});
    first += count;
  } while (first < values.num_values);
}

}  // namespace

MiniBlockPage CompressFixedSizeList(const LeafValues& values, uint64_t target_bytes, CompressiveEncoding* encoding) {
  const std::vector<Layer> layers = DescribeLayers(values, encoding);
  uint64_t bits = values.shape.bits_per_value;
  size_t num_buffers = 1;
  for (const Layer& layer : layers) {
    if (layer.has_validity) bits += layer.elements_per_value, ++num_buffers;
  }
  MiniBlockPage page = NewPage(num_buffers);
  const uint64_t per_chunk = ChunkValuesOf(bits, target_bytes);
  if (num_buffers == 1 && bits % 8 == 0) {
    BorrowFlat(values, per_chunk, page);
    return page;
  }
  uint64_t first = 0;
  do {
    const uint64_t count = std::min(per_chunk, values.num_values - first);
    std::vector<size_t> before;
    for (const BufferBuilder& buffer : page.buffers) before.push_back(buffer.size());
    size_t b = 0;
    for (size_t k = 0; k < layers.size(); ++k) {
      const uint64_t elements = layers[k].elements_per_value;
      if (layers[k].has_validity) AppendBits(values.fsl_validity[k].data(), first * elements, count * elements, page.buffers[b++]);
    }
    AppendFlatSlice(values, first, count, page.buffers[b]);
    EndChunk(static_cast<uint32_t>(count), before, page);
    first += count;
  } while (first < values.num_values);
  return page;
}

uint64_t CompressFixedSizeListPerValue(const LeafValues& values, CompressiveEncoding* encoding, BufferBuilder& out) {
  const std::vector<Layer> layers = DescribeLayers(values, encoding);
  uint64_t prefix = 0;
  for (const Layer& layer : layers) {
    if (layer.has_validity) prefix += BytesForBits(layer.elements_per_value);
  }
  const uint64_t bytes = values.shape.bits_per_value / 8;
  if (prefix == 0) return bytes;
  out.Reserve(values.num_values * (prefix + bytes));
  for (uint64_t i = 0; i < values.num_values; ++i) {
    for (size_t k = 0; k < layers.size(); ++k) {
      const uint64_t elements = layers[k].elements_per_value;
      if (layers[k].has_validity) AppendBits(values.fsl_validity[k].data(), i * elements, elements, out);
    }
    out.Append(values.data.subspan(i * bytes, bytes));
  }
  return prefix + bytes;
}

std::unique_ptr<MiniBlockDecompressor> MakeFixedSizeListMiniBlock(const CompressiveEncoding& encoding, const ValueShape& shape,
                                                                  int depth) {
  return std::make_unique<FixedSizeListMiniBlock>(LayersOf(encoding, shape, depth), shape.bits_per_value);
}
std::unique_ptr<PerValueDecompressor> MakeFixedSizeListPerValue(const CompressiveEncoding& encoding, const ValueShape& shape,
                                                                int depth) {
  bool absent = false;
  auto layers = LayersOf(encoding, shape, depth, &absent);
  if (absent) return std::make_unique<NullItemsPerValue>(std::move(layers));
  if (shape.bits_per_value % 8 != 0) throw Corrupt("fixed_size_list: full-zip values of {} bits", shape.bits_per_value);
  return std::make_unique<FixedSizeListPerValue>(std::move(layers), shape.bits_per_value / 8);
}
std::string DescribeFixedSizeList(const CompressiveEncoding& encoding, int depth) {
  const auto& list = encoding.fixed_size_list();
  return fmt::format("({}{}, {})", list.items_per_value(), list.has_validity() ? " nullable" : "", Describe(list.values(), depth + 1));
}

}  // namespace eider::codec
