#pragma once
/// \file
/// Full-zip pages: items one after the other, each with its levels in front, for values too wide for mini-block chunks.
///
///     | control word | value |             fixed width; a null item keeps its bytes, an item outside any list has none
///     | control word | length | bytes |    variable width; null items have only the control word
///
///     control word:      (rep << bits_def) | def in 0, 1, 2 or 4 bytes
///     repetition index:  rows + 1 byte offsets of 1, 2, 4 or 8 bytes, with lists or variable-width values
///
/// Booleans, when somebody insists on this layout, take a byte each. A fixed-width page without levels is an array of values: it is handed out as a view of the file.

#include "eider/codec/decompressor.h"
#include "eider/page/page_decoder.h"

namespace lance::encodings21 {
class FullZipLayout;
}

namespace eider::page {

class FullZipDecoder final : public PageDecoder {
 public:
  FullZipDecoder(const ::lance::encodings21::FullZipLayout& layout, const PageSource& source,
                 std::shared_ptr<const LeafSpec> leaf);
  std::unique_ptr<PageRead> Read(const RowSelection& selection) const override;

  const Layers& layers() const { return layers_; }
  bool has_rep() const { return layers_.num_lists() > 0; }
  bool has_levels() const { return control_bytes_ > 0; }
  bool is_variable() const { return length_bytes_ > 0; }
  /// The page is nothing but values.
  bool is_plain() const { return !has_levels() && !is_variable() && !bytes_to_bits_ && values_ && values_->is_plain(); }
  bool has_index() const { return index_bytes_ > 0; }
  /// Stored bytes of a row when there is no index: control word and value.
  uint64_t stride() const { return control_bytes_ + value_bytes_; }

  /// Bytes of the stream, and of the index, in the file.
  ByteRange StreamRange(uint64_t begin, uint64_t end) const;
  ByteRange IndexRange(uint64_t first_row, uint64_t num_entries) const;
  /// Entry `i` of a fetched piece of the index. \throws Error(kCorrupt) when it leaves the stream.
  uint64_t Offset(ByteSpan index, uint64_t i) const;

  /// Appends all items of `bytes`: levels to `rep` and `def`, values to `out`. \throws Error(kCorrupt) unless the items end with
  /// the bytes.
  void ParseItems(ByteSpan bytes, std::vector<uint16_t>& rep, std::vector<uint16_t>& def, codec::DecodedValues& out) const;

 private:
  void OpenValues(const ::lance::encodings21::FullZipLayout& layout);
  uint64_t ParseControl(const uint8_t* p) const;
  void AppendFixed(ByteSpan bytes, uint64_t& at, codec::DecodedValues& out) const;
  /// A fixed-size list that is there, of items that are not.
  void AppendNullElements(codec::DecodedValues& out) const;
  void AppendVariable(ByteSpan bytes, uint64_t& at, codec::DecodedValues& out) const;

  std::shared_ptr<const LeafSpec> leaf_;
  Layers layers_;
  ByteRange stream_, index_;
  uint32_t bits_def_ = 0;
  bool bytes_to_bits_ = false;
  uint32_t control_bytes_ = 0;
  uint32_t length_bytes_ = 0;  // variable width
  uint64_t value_bytes_ = 0;   // fixed width, element validity included
  uint32_t index_bytes_ = 0;   // of one entry
  std::unique_ptr<codec::PerValueDecompressor> values_;  // null: all items are null, and only levels are stored
};

}  // namespace eider::page
