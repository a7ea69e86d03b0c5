#include "eider/page/legacy/legacy_page.h"

#include "eider/array/dictionary_key.h"
#include "eider/array/types.h"
#include "eider/base/memory.h"
#include "eider/page/plain_read.h"
#include "eider/page/variable_array.h"

namespace eider::page::legacy {
namespace {

/// `bits` of each of the page's values. \throws Error(kCorrupt) when the file ends before them
ByteRange BytesOf(const LegacyPage& page, uint64_t bits) {
  const uint64_t bytes = BytesForBits(CheckedMul(page.length, bits, "page"));
  if (page.position > page.file_bytes || bytes > page.file_bytes - page.position) {
    throw Corrupt("page: {} values of {} bits at {} of a file of {}", page.length, bits, page.position, page.file_bytes);
  }
  return {page.position, bytes};
}

void CheckRanges(const RowRanges& ranges, uint64_t rows) {
  if (!ranges.empty() && ranges.back().end() > rows) throw Corrupt("page: rows up to {} of {}", ranges.back().end(), rows);
}

/// The same page, its length counting the offsets of its values.
LegacyPage WithOffsets(LegacyPage page) {
  page.length = CheckedAdd(page.length, 1, "page");
  return page;
}

/// Offsets of ranges of values: n + 1 for each range.
class OffsetsRead {
 public:
  /// The page's length counts the offsets.
  OffsetsRead(const LegacyPage& page, uint64_t bytes, RowRanges ranges)
      : buffer_(BytesOf(page, 8 * bytes)), bytes_each_(bytes), ranges_(std::move(ranges)) {
    CheckRanges(ranges_, page.length == 0 ? 0 : page.length - 1);
  }
  bool Want(std::vector<ByteRange>& wants) {
    if (wanted_) return false;
    wanted_ = true;
    for (const RowRange& range : ranges_) {
      wants.push_back({buffer_.offset + range.first * bytes_each_, (range.count + 1) * bytes_each_});
    }
    return !ranges_.empty();
  }
  void Feed(std::span<const ByteSpan> bytes) { bytes_.assign(bytes.begin(), bytes.end()); }
  /// Lengths of all values, and what they cover.
  ListRows Finish() const {
    ListRows rows;
    uint64_t last = 0;
    for (size_t r = 0; r < ranges_.size(); ++r) {
      const uint64_t first = At(r, 0);
      if (first < last) throw Corrupt("offsets: {} after {}", first, last);
      last = first;
      for (uint64_t i = 1; i <= ranges_[r].count; ++i) {
        const uint64_t end = At(r, i);
        if (end < last) throw Corrupt("offsets: {} after {}", end, last);
        rows.lengths.push_back(end - last);
        last = end;
      }
      AppendRange(rows.items, {first, last - first});
    }
    return rows;
  }

 private:
  uint64_t At(size_t range, uint64_t i) const {
    const uint8_t* data = bytes_[range].data();
    const int64_t value = bytes_each_ == 8 ? LoadLe<int64_t>(data + 8 * i) : LoadLe<int32_t>(data + 4 * i);
    if (value < 0) throw Corrupt("offsets: {}", value);
    return static_cast<uint64_t>(value);
  }

  const ByteRange buffer_;
  const uint64_t bytes_each_;
  const RowRanges ranges_;
  bool wanted_ = false;
  std::vector<ByteSpan> bytes_;
};

class VarBinaryRead final : public ArrayRead {
 public:
  VarBinaryRead(const LegacyPage& page, TypePtr type, RowRanges ranges)
      : page_(page), type_(std::move(type)), offsets_(WithOffsets(page), 8, std::move(ranges)) {}
  void Want(std::vector<ByteRange>& wants) override {
    if (offsets_.Want(wants) || has_rows_) return;
    rows_ = offsets_.Finish();
    has_rows_ = true;
    for (const RowRange& range : rows_.items) {
      if (range.end() > page_.file_bytes) throw Corrupt("var binary: bytes up to {} of a file of {}", range.end(), page_.file_bytes);
      wants.push_back({range.first, range.count});
    }
  }
  void Feed(std::span<const ByteSpan> bytes) override {
    has_rows_ ? bytes_.assign(bytes.begin(), bytes.end()) : offsets_.Feed(bytes);
  }
  ArrayPtr Finish() override {
    BufferBuilder data;
    for (const ByteSpan bytes : bytes_) data.Append(bytes);
    return MakeVariableArray(type_, rows_.lengths, Validity(), data.Finish());
  }

 private:
  Buffer Validity() const {
    BitBuilder bits;
    bits.AppendFill(rows_.lengths.size(), true);
    bool any_null = false;
    for (size_t i = 0; i < rows_.lengths.size(); ++i) {
      if (rows_.lengths[i] > 0) continue;
      ClearBit(bits.data(), i);
      any_null = true;
    }
    return any_null ? bits.Finish() : Buffer();
  }

  const LegacyPage page_;
  const TypePtr type_;
  OffsetsRead offsets_;
  bool has_rows_ = false;
  ListRows rows_;
  std::vector<ByteSpan> bytes_;
};

class DictionaryRead final : public ArrayRead {
 public:
  DictionaryRead(TypePtr type, ArrayReadPtr keys, ArrayPtr values)
      : type_(std::move(type)), keys_(std::move(keys)), values_(std::move(values)) {}
  void Want(std::vector<ByteRange>& wants) override { keys_->Want(wants); }
  void Feed(std::span<const ByteSpan> bytes) override { keys_->Feed(bytes); }
  ArrayPtr Finish() override {
    auto array = std::make_shared<Array>(*keys_->Finish());
    array->type = type_;
    array->dictionary = values_;
    for (int64_t i = 0; i < array->length; ++i) {
      const int64_t key = DictionaryKey(*array, i);
      if (key < 0 || key >= values_->length) throw Corrupt("dictionary: key {} of {} values", key, values_->length);
    }
    SpreadNullValues(array.get());
    return array;
  }

 private:
  const TypePtr type_;
  const ArrayReadPtr keys_;
  const ArrayPtr values_;
};

class OffsetsListRead final : public ListRead {
 public:
  explicit OffsetsListRead(OffsetsRead offsets) : offsets_(std::move(offsets)) {}
  void Want(std::vector<ByteRange>& wants) override { offsets_.Want(wants); }
  void Feed(std::span<const ByteSpan> bytes) override { offsets_.Feed(bytes); }
  ListRows Finish() override { return offsets_.Finish(); }

 private:
  OffsetsRead offsets_;
};

}  // namespace

ArrayReadPtr MakeLegacyRead(const LegacyPage& page, const TypePtr& type, RowRanges ranges) {
  const Layout layout = LayoutOf(type->id);
  if (layout == Layout::kNull) return MakeNullRead(type, CountRows(ranges));
  if (layout == Layout::kVariable32 || layout == Layout::kVariable64) {
    return std::make_unique<VarBinaryRead>(page, type, std::move(ranges));
  }
  const uint64_t bits = FixedBitWidth(*type);
  if (bits == 0 || layout == Layout::kDictionary) throw Unsupported("a page of version 0.1 of {}", TypeToString(*type));
  CheckRanges(ranges, page.length);
  return MakePlainRead(BytesOf(page, bits), type, std::move(ranges), page.mapping);
}

ArrayReadPtr MakeLegacyDictionaryRead(const LegacyPage& page, const TypePtr& type, RowRanges ranges, ArrayPtr values) {
  return std::make_unique<DictionaryRead>(type, MakeLegacyRead(page, type->index_type, std::move(ranges)), std::move(values));
}

std::unique_ptr<ListRead> MakeLegacyListRead(const LegacyPage& page, bool large, RowRanges ranges) {
  return std::make_unique<OffsetsListRead>(OffsetsRead(page, large ? 8 : 4, std::move(ranges)));
}

}  // namespace eider::page::legacy
