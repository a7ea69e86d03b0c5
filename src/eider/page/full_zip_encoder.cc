#include "eider/page/full_zip_encoder.h"

#include <algorithm>
#include <bit>

#include "eider/base/bytes.h"
#include "eider/base/error.h"

namespace eider::page {
namespace {

using ::lance::encodings21::FullZipLayout;

/// Bits of the largest level that is present.
uint32_t LevelBits(std::span<const uint16_t> levels) {
  if (levels.empty()) return 0;
  return std::bit_width(uint32_t(*std::max_element(levels.begin(), levels.end())));
}

class FullZipEncoder {
 public:
  FullZipEncoder(const ShreddedLeaf& leaf, const codec::LeafValues& values, const codec::PerValuePage& stored)
      : leaf_(leaf), values_(values), stored_(stored), rep_(leaf.rep_levels()), def_(leaf.def_levels()) {
    bits_rep_ = LevelBits(rep_);
    bits_def_ = LevelBits(def_);
    const uint32_t bits = bits_rep_ + bits_def_;
    control_bytes_ = bits == 0 ? 0 : bits <= 8 ? 1 : bits <= 16 ? 2 : 4;
  }

  void Describe(FullZipLayout& layout) const {
    layout.set_bits_rep(bits_rep_);
    layout.set_bits_def(bits_def_);
    if (stored_.variable) {
      layout.set_bits_per_offset(length_bytes() * 8);
    } else {
      layout.set_bits_per_value(uint32_t(stored_.bytes_per_value * 8));
    }
    layout.set_num_items(leaf_.num_levels);
    layout.set_num_visible_items(leaf_.num_items);
    for (const RepDefLayer layer : leaf_.layers) layout.add_layers(layer);
  }

  bool needs_index() const { return leaf_.has_rep() || stored_.variable; }

  void EncodeFixed() {
    const uint64_t width = stored_.bytes_per_value;
    stream_.Reserve(leaf_.num_levels * control_bytes_ + leaf_.num_items * width);
    const uint8_t* value = stored_.data.data();
    for (uint64_t i = 0; i < leaf_.num_levels; ++i) {
      AppendControl(i);
      if (!def_.empty() && def_[i] > leaf_.max_visible) continue;
      stream_.Append(value, width);
      value += width;
    }
    FinishIndex();
  }

  void EncodeVariable() {
    stream_.Reserve(leaf_.num_levels * control_bytes_ + leaf_.num_items * length_bytes() + stored_.data.size());
    uint64_t item = 0;
    for (uint64_t i = 0; i < leaf_.num_levels; ++i) {
      AppendControl(i);
      const uint16_t d = def_.empty() ? 0 : def_[i];
      if (d == 0) {
        const ByteSpan value = stored_.Value(values_, item);
        const uint64_t length = value.size();
        stream_.Append(&length, length_bytes());
        stream_.Append(value);
      }
      item += d <= leaf_.max_visible;
    }
    FinishIndex();
  }

  PageBuffer TakeStream() { return PageBuffer::Of(std::move(stream_)); }

  PageBuffer TakeIndex() const {
    const uint64_t last = row_starts_.back();
    const uint64_t width = last <= UINT8_MAX ? 1 : last <= UINT16_MAX ? 2 : last <= UINT32_MAX ? 4 : 8;
    BufferBuilder bytes(row_starts_.size() * width);
    for (const uint64_t position : row_starts_) bytes.Append(&position, width);
    return PageBuffer::Of(std::move(bytes));
  }

 private:
  uint32_t length_bytes() const { return values_.shape.offset_bytes; }

  void AppendControl(uint64_t i) {
    const bool starts_row = rep_.empty() || rep_[i] == leaf_.max_rep;
    if (starts_row && needs_index()) row_starts_.push_back(stream_.size());
    if (control_bytes_ == 0) return;
    const uint32_t word = (rep_.empty() ? 0u : uint32_t(rep_[i]) << bits_def_) | (def_.empty() ? 0u : def_[i]);
    std::memcpy(stream_.Extend(control_bytes_), &word, control_bytes_);
  }

  void FinishIndex() {
    if (needs_index()) row_starts_.push_back(stream_.size());
  }

  const ShreddedLeaf& leaf_;
  const codec::LeafValues& values_;
  const codec::PerValuePage& stored_;
  const std::span<const uint16_t> rep_, def_;
  uint32_t bits_rep_ = 0, bits_def_ = 0;
  uint64_t control_bytes_ = 0;
  BufferBuilder stream_;
  std::vector<uint64_t> row_starts_;
};

}  // namespace

EncodedPage EncodeFullZip(const ShreddedLeaf& leaf, const codec::LeafValues& values, const codec::CompressionOptions& options) {
  EncodedPage page;
  page.num_rows = leaf.num_rows;
  FullZipLayout* layout = page.layout.mutable_full_zip_layout();
  codec::PerValuePage stored = codec::CompressPerValue(values, options, layout->mutable_value_compression());
  FullZipEncoder encoder(leaf, values, stored);
  encoder.Describe(*layout);
  if (!stored.variable && !leaf.has_rep() && !leaf.has_def()) {
    PageBuffer buffer;
    if (stored.owned.size() > 0) {
      buffer.Add(stored.owned.Finish());
    } else {
      buffer.Borrow(stored.data);
    }
    page.buffers.push_back(std::move(buffer));
    return page;
  }
  if (stored.variable) {
    encoder.EncodeVariable();
  } else {
    encoder.EncodeFixed();
  }
  page.buffers.push_back(encoder.TakeStream());
  if (encoder.needs_index()) page.buffers.push_back(encoder.TakeIndex());
  return page;
}

}  // namespace eider::page
