#include "eider/page/v2_0/packed_read.h"

#include "eider/array/dictionary_key.h"
#include "eider/array/take.h"
#include "eider/base/memory.h"
#include "eider/page/plain_read.h"
#include "eider/page/v2_0/ends_read.h"
#include "eider/page/v2_0/fixed_read.h"

namespace eider::page::v2_0 {
namespace {

namespace proto = ::lance::encodings;

class PackedRead final : public ArrayRead {
 public:
  PackedRead(TypePtr type, std::vector<uint64_t> widths, PlainRead rows)
      : type_(std::move(type)), widths_(std::move(widths)), rows_(std::move(rows)) {}
  void Want(std::vector<ByteRange>& wants) override { rows_.Want(wants); }
  void Feed(std::span<const ByteSpan> bytes) override { rows_.Feed(bytes); }
  ArrayPtr Finish() override {
    const Buffer rows = rows_.Finish(1);
    const uint64_t n = rows_.num_values();
    uint64_t row_bytes = 0, at = 0;
    for (const uint64_t width : widths_) row_bytes += width;
    auto array = std::make_shared<Array>();
    array->type = type_;
    array->length = static_cast<int64_t>(n);
    array->null_count = 0;
    for (size_t f = 0; f < widths_.size(); ++f) {
      BufferBuilder data(n * widths_[f]);
      for (uint64_t i = 0; i < n; ++i) data.Append(rows.data() + i * row_bytes + at, widths_[f]);
      array->children.push_back(MakeFixedArray(type_->children[f].type, n, data.Finish()));
      at += widths_[f];
    }
    return array;
  }

 private:
  const TypePtr type_;
  const std::vector<uint64_t> widths_;
  PlainRead rows_;
};

class DictionaryRead final : public ArrayRead {
 public:
  DictionaryRead(TypePtr type, ArrayReadPtr indices, ArrayReadPtr items) : type_(std::move(type)) {
    reads_.Add(std::move(indices));
    reads_.Add(std::move(items));
  }
  void Want(std::vector<ByteRange>& wants) override { reads_.Want(wants); }
  void Feed(std::span<const ByteSpan> bytes) override { reads_.Feed(bytes); }
  ArrayPtr Finish() override {
    const ArrayPtr indices = reads_[0].Finish();
    const ArrayPtr items = reads_[1].Finish();
    return type_->id == TypeId::kDictionary ? AsDictionary(*indices, items) : AsValues(*indices, items);
  }

 private:
  ArrayPtr AsDictionary(const Array& indices, const ArrayPtr& items) const {
    const uint64_t keys = static_cast<uint64_t>(indices.length), limit = static_cast<uint64_t>(items->length);
    for (uint64_t i = 0; i < keys; ++i) {
      if (!indices.IsValid(static_cast<int64_t>(i))) continue;
      if (const uint64_t key = IntegerAt(indices, i); key >= limit) throw Corrupt("dictionary: key {} of {} items", key, limit);
    }
    auto array = std::make_shared<Array>(indices);
    array->type = type_;
    array->dictionary = items;
    SpreadNullValues(array.get());
    // Writers put the value that null rows name last; no row names it now.
    const bool ends_with_null = limit > 0 && items->validity.present() && !items->IsValid(items->length - 1);
    if (ends_with_null) array->dictionary = SliceArray(items, 0, items->length - 1);
    return array;
  }
  ArrayPtr AsValues(const Array& indices, const ArrayPtr& items) const {
    std::vector<int64_t> positions;
    positions.reserve(static_cast<size_t>(indices.length));
    for (int64_t i = 0; i < indices.length; ++i) {
      const uint64_t index = indices.IsValid(i) ? IntegerAt(indices, static_cast<uint64_t>(i)) : 0;
      if (index > static_cast<uint64_t>(items->length)) throw Corrupt("dictionary: index {} of {} items", index, items->length);
      positions.push_back(static_cast<int64_t>(index) - 1);
    }
    return TakeArray(items, positions);
  }

  const TypePtr type_;
  JoinedReads<ArrayRead> reads_;
};

// The unsigned type of the width of dictionary keys: they are stored as they are.
TypePtr KeyType(const DataType& type, const proto::Dictionary& dictionary, int depth) {
  TypePtr stored = StoredIntegerType(dictionary.indices(), depth);
  if (type.id == TypeId::kDictionary && FixedBitWidth(*stored) != FixedBitWidth(*type.index_type)) {
    throw Corrupt("dictionary: keys of {} bits for {}", FixedBitWidth(*stored), TypeToString(type));
  }
  return stored;
}

}  // namespace

ArrayReadPtr MakePackedRead(const proto::PackedStruct& packed, const PageBuffers& buffers, TypePtr type, RowRanges ranges) {
  if (type->id != TypeId::kStruct) throw Corrupt("packed struct: values of {}", TypeToString(*type));
  if (static_cast<size_t>(packed.inner_size()) != type->children.size()) {
    throw Corrupt("packed struct: {} fields for {}", packed.inner_size(), TypeToString(*type));
  }
  std::vector<uint64_t> widths;
  uint64_t bits = 0;
  for (const Field& child : type->children) {
    const uint64_t width = FixedBitWidth(*child.type);
    if (width == 0 || width % 8 != 0) throw Unsupported("packed struct with field '{}' of type {}", child.name, TypeToString(*child.type));
    widths.push_back(width / 8);
    bits = CheckedAdd(bits, width, "packed struct");
  }
  PlainRead rows(FindBuffer(packed.buffer(), buffers), bits, std::move(ranges), buffers.mapping);
  return std::make_unique<PackedRead>(std::move(type), std::move(widths), std::move(rows));
}

ArrayReadPtr MakeDictionaryRead(const proto::Dictionary& dictionary, const PageBuffers& buffers, TypePtr type, RowRanges ranges, int depth) {
  const TypePtr keys = KeyType(*type, dictionary, depth);
  const TypePtr values = type->id == TypeId::kDictionary ? type->value_type : type;
  // Every item takes a bit at least, but for a null alone.
  uint64_t page_bytes = 0;
  for (const ByteRange& buffer : buffers.page) page_bytes += buffer.length;
  if (const uint64_t items = dictionary.num_dictionary_items(); items > 8 * page_bytes + 1) {
    throw Corrupt("dictionary: {} items in a page of {} bytes", items, page_bytes);
  }
  RowRanges all;
  AppendRange(all, {0, dictionary.num_dictionary_items()});
  ArrayReadPtr indices = MakeArrayRead(dictionary.indices(), buffers, keys, std::move(ranges), depth + 1);
  ArrayReadPtr items = MakeArrayRead(dictionary.items(), buffers, values, std::move(all), depth + 1);
  return std::make_unique<DictionaryRead>(std::move(type), std::move(indices), std::move(items));
}

}  // namespace eider::page::v2_0
