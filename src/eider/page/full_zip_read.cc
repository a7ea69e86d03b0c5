#include "eider/page/full_zip_read.h"

#include "eider/base/bytes.h"
#include "eider/page/dictionary.h"
#include "eider/page/full_zip_decoder.h"
#include "eider/page/unravel.h"

namespace eider::page {
namespace {

class FullZipRead final : public PageRead {
 public:
  FullZipRead(const FullZipDecoder& page, const RowSelection& selection) : page_(page), selection_(selection) {}

  void Want(std::vector<ByteRange>& wants) override {
    if (selection_.count == 0 || fed_data_) return;
    if (!page_.has_index()) return WantRows(wants);
    if (!fed_index_) return WantIndex(wants);
    for (const ByteRange& range : data_) wants.push_back(range);
  }
  void Feed(std::span<const ByteSpan> bytes) override {
    if (page_.has_index() && !fed_index_) return FeedIndex(bytes);
    fed_data_ = true;
    bytes_.assign(bytes.begin(), bytes.end());
  }
  void Decode(LeafOutput& out) override {
    if (selection_.count == 0) return;
    if (page_.is_plain() && !out.spec->is_dictionary()) return DecodePlain(out);
    const uint64_t first_item = out.layers[0].length;
    PlainValues target(out);
    const uint64_t first_value = target.values().num_values;
    ReserveValues(target.values());
    for (size_t i = 0; i < bytes_.size(); ++i) {
      const size_t first_level = rep_.size();
      page_.ParseItems(bytes_[i], rep_, def_, target.values());
      CheckRows(i, first_level);
    }
    Unravel(out, target.values().num_values - first_value);
    if (target.values().num_values - first_value != out.layers[0].length - first_item) {
      throw Corrupt("full-zip: levels name {} items, values are {}", out.layers[0].length - first_item,
                    target.values().num_values - first_value);
    }
    target.Finish();
  }

 private:
  void WantRows(std::vector<ByteRange>& wants) const {
    const uint64_t stride = page_.stride();
    if (selection_.is_range()) {
      wants.push_back(page_.StreamRange(selection_.first * stride, (selection_.first + selection_.count) * stride));
      return;
    }
    wants.reserve(wants.size() + selection_.count);
    for (uint64_t i = 0; i < selection_.count; ++i) {
      const uint64_t row = selection_.Row(i);
      wants.push_back(page_.StreamRange(row * stride, (row + 1) * stride));
    }
  }
  void WantIndex(std::vector<ByteRange>& wants) const {
    if (selection_.is_range()) {
      wants.push_back(page_.IndexRange(selection_.first, 1));
      wants.push_back(page_.IndexRange(selection_.first + selection_.count, 1));
      return;
    }
    for (uint64_t i = 0; i < selection_.count; ++i) wants.push_back(page_.IndexRange(selection_.Row(i), 2));
  }
  void FeedIndex(std::span<const ByteSpan> bytes) {
    fed_index_ = true;
    if (selection_.is_range()) return AddData(page_.Offset(bytes[0], 0), page_.Offset(bytes[1], 0));
    for (const ByteSpan entries : bytes) AddData(page_.Offset(entries, 0), page_.Offset(entries, 1));
  }
  void AddData(uint64_t begin, uint64_t end) {
    if (begin > end) throw Corrupt("full-zip index: a row from offset {} to {}", begin, end);
    data_.push_back(page_.StreamRange(begin, end));
  }

  // Stored bytes are about what the values take, and growing a buffer under them costs a copy.
  void ReserveValues(codec::DecodedValues& values) const {
    if (values.shape.kind == codec::ValueShape::Kind::kPacked) return;
    uint64_t stored = 0;
    for (const ByteSpan bytes : bytes_) stored += bytes.size();
    values.data.Reserve(values.data.size() + stored);
  }

  // Each piece holds one row, or the whole range.
  void CheckRows(size_t piece, size_t first_level) const {
    if (!page_.has_rep()) return;
    uint64_t rows = 0;
    for (size_t i = first_level; i < rep_.size(); ++i) rows += rep_[i] == page_.layers().max_rep();
    const uint64_t expected = selection_.is_range() ? selection_.count : 1;
    if (rows != expected || rep_[first_level] != page_.layers().max_rep()) {
      throw Corrupt("full-zip: {} rows start between two offsets of the index, expected {} (piece {})", rows, expected, piece);
    }
  }
  void Unravel(LeafOutput& out, uint64_t num_values) const {
    if (page_.has_rep()) return UnravelLists(page_.layers(), rep_, def_, out);
    const uint64_t items = page_.has_levels() ? def_.size() : num_values;
    if (items != selection_.count) throw Corrupt("full-zip: {} items for {} rows", items, selection_.count);
    if (page_.has_levels()) return UnravelItems(page_.layers(), def_, out);
    UnravelAllValid(page_.layers(), items, out);
  }

  void DecodePlain(LeafOutput& out) const {
    UnravelAllValid(page_.layers(), selection_.count, out);
    if (out.may_view && out.mapping.present() && out.values.num_values == 0 && selection_.is_range()) {
      out.values.view = Buffer(bytes_[0].data(), bytes_[0].size(), out.mapping.owner());
      out.values.num_values = selection_.count;
      out.viewed_bytes = bytes_[0].size();
      return;
    }
    uint8_t* to = out.values.ExtendFixed(selection_.count);
    for (size_t i = 0; i < bytes_.size(); ++i) {
      if (i + 4 < bytes_.size()) Prefetch(bytes_[i + 4].data());
      std::memcpy(to, bytes_[i].data(), bytes_[i].size());
      to += bytes_[i].size();
    }
    for (size_t layer = 0; layer < out.values.fsl_validity.size(); ++layer) out.values.AppendElementsValid(layer, selection_.count);
  }

  const FullZipDecoder& page_;
  const RowSelection selection_;
  bool fed_index_ = false, fed_data_ = false;
  std::vector<ByteRange> data_;
  std::vector<ByteSpan> bytes_;
  std::vector<uint16_t> rep_, def_;
};

}  // namespace

std::unique_ptr<PageRead> MakeFullZipRead(const FullZipDecoder& page, const RowSelection& selection) {
  return std::make_unique<FullZipRead>(page, selection);
}

}  // namespace eider::page
