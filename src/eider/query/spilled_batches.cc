#include "eider/query/spilled_batches.h"

#include "eider/array/dictionary_key.h"
#include "eider/array/string_values.h"
#include "eider/array/take.h"
#include "eider/array/types.h"
#include "eider/base/bytes.h"
#include "eider/base/memory.h"

namespace eider::query {
namespace {

constexpr uint64_t kAlignment = 64;

// An array is: u64 rows, its validity, its buffers, its children; a buffer is: u64 bytes (of an absent one all ones), padding, the bytes.
class ArrayWriter {
 public:
  explicit ArrayWriter(BufferBuilder& out) : out_(out) {}
  void Add(const Array& array) {
    out_.AppendValue(static_cast<uint64_t>(array.length));
    AddValidity(array);
    switch (LayoutOf(array.type->id)) {
      case Layout::kNull: return;
      case Layout::kBits: return AddBits(array.buffers[0], array);
      case Layout::kFixed: return AddFixed(array);
      case Layout::kVariable32: return AddTexts<int32_t>(array);
      case Layout::kVariable64: return AddTexts<int64_t>(array);
      case Layout::kView: return AddViews(array);
      case Layout::kList32: return AddList<int32_t>(array);
      case Layout::kList64: return AddList<int64_t>(array);
      case Layout::kFixedSizeList: return Add(*SliceArray(array.children[0], array.offset * array.type->list_size, array.length * array.type->list_size));
      case Layout::kStruct:
        for (const ArrayPtr& child : array.children) Add(*SliceArray(child, array.offset, array.length));
        return;
      case Layout::kDictionary: return AddDictionary(array);
    }
  }

 private:
  void AddBytes(ByteSpan bytes) {
    out_.AppendValue(static_cast<uint64_t>(bytes.size()));
    out_.AppendFill(AlignUp(out_.size(), kAlignment) - out_.size(), 0);
    out_.Append(bytes);
  }
  void AddBits(const Buffer& bits, const Array& array) {
    BitBuilder window;
    window.Append(bits.data(), static_cast<uint64_t>(array.offset), static_cast<uint64_t>(array.length));
    AddBytes({window.data(), BytesForBits(window.size())});
  }
  void AddValidity(const Array& array) {
    if (array.validity.present() && CountNulls(array) > 0) AddBits(array.validity, array);
    else out_.AppendValue(UINT64_MAX);
  }
  void AddFixed(const Array& array) {
    const uint64_t width = ByteWidth(*array.type);
    AddBytes(array.buffers[0].span().subspan(static_cast<uint64_t>(array.offset) * width, static_cast<uint64_t>(array.length) * width));
  }
  /// \return the window of what the offsets point into
  template <typename Offset>
  std::pair<int64_t, int64_t> AddOffsets(const Array& array) {
    BufferBuilder moved((static_cast<size_t>(array.length) + 1) * sizeof(Offset));
    const Offset* offsets = array.length == 0 ? nullptr : array.buffers[0].as<Offset>() + array.offset;
    const Offset first = offsets ? offsets[0] : 0;
    for (int64_t i = 0; offsets && i < array.length; ++i) moved.AppendValue<Offset>(offsets[i] - first);
    const Offset end = offsets ? offsets[array.length] : 0;
    moved.AppendValue<Offset>(end - first);
    AddBytes(moved.span());
    return {first, end - first};
  }
  template <typename Offset>
  void AddTexts(const Array& array) {
    const auto [first, bytes] = AddOffsets<Offset>(array);
    AddBytes(bytes == 0 ? ByteSpan() : array.buffers[1].span().subspan(static_cast<uint64_t>(first), static_cast<uint64_t>(bytes)));
  }
  template <typename Offset>
  void AddList(const Array& array) {
    const auto [first, items] = AddOffsets<Offset>(array);
    Add(*SliceArray(array.children[0], first, items));
  }
  void AddViews(const Array& array) {
    BufferBuilder views, data;
    for (int64_t row = 0; row < array.length; ++row) {
      uint8_t* view = views.Extend(16);
      std::memset(view, 0, 16);
      if (!array.IsValid(row)) continue;
      const ByteSpan value = StringValues(array).At(row);
      StoreLe(view, static_cast<uint32_t>(value.size()));
      std::memcpy(view + 4, value.data(), std::min<size_t>(value.size(), 12));
      if (value.size() <= 12) continue;
      StoreLe(view + 8, uint32_t{0});
      StoreLe(view + 12, static_cast<uint32_t>(data.size()));
      data.Append(value);
    }
    AddBytes(views.span());
    AddBytes(data.span());
  }
  // The keys, then the values that they name.
  void AddDictionary(const Array& array) {
    const uint64_t width = ByteWidth(*array.type);
    std::vector<int64_t> numbers(static_cast<size_t>(array.dictionary->length), -1), used;
    BufferBuilder keys;
    for (int64_t row = 0; row < array.length; ++row) {
      int64_t number = 0;
      const int64_t key = array.IsValid(row) ? DictionaryKey(array, row) : -1;
      if (array.IsValid(row)) {
        if (key < 0 || key >= array.dictionary->length) throw Invalid("dictionary key {} of a dictionary of {} values", key, array.dictionary->length);
        int64_t& known = numbers[static_cast<size_t>(key)];
        if (known < 0) {
          known = static_cast<int64_t>(used.size());
          used.push_back(key);
        }
        number = known;
      }
      keys.Append(&number, width);
    }
    AddBytes(keys.span());
    Add(*TakeArray(array.dictionary, used));
  }

  BufferBuilder& out_;
};

class ArrayReader {
 public:
  ArrayReader(Buffer bytes, uint64_t at) : bytes_(std::move(bytes)), at_(at) {}
  ArrayPtr Next(const TypePtr& type) {
    auto array = std::make_shared<Array>();
    array->type = type;
    array->length = static_cast<int64_t>(NextNumber());
    array->validity = NextBuffer();
    array->null_count = array->validity.present() || type->id == TypeId::kNull ? -1 : 0;
    switch (LayoutOf(type->id)) {
      case Layout::kNull: break;
      case Layout::kBits:
      case Layout::kFixed: array->buffers = {NextBuffer()}; break;
      case Layout::kVariable32:
      case Layout::kVariable64:
      case Layout::kView:
        array->buffers.push_back(NextBuffer());
        array->buffers.push_back(NextBuffer());
        break;
      case Layout::kList32:
      case Layout::kList64:
        array->buffers = {NextBuffer()};
        [[fallthrough]];
      case Layout::kFixedSizeList:
      case Layout::kStruct:
        for (const Field& child : type->children) array->children.push_back(Next(child.type));
        break;
      case Layout::kDictionary:
        array->buffers = {NextBuffer()};
        array->dictionary = Next(type->value_type);
        break;
    }
    return array;
  }
  uint64_t at() const { return at_; }

 private:
  uint64_t NextNumber() {
    const auto number = LoadLe<uint64_t>(bytes_.data() + at_);
    at_ += 8;
    return number;
  }
  Buffer NextBuffer() {
    const uint64_t size = NextNumber();
    if (size == UINT64_MAX) return {};
    at_ = AlignUp(at_, kAlignment);
    const Buffer buffer = bytes_.Slice(at_, size);
    at_ += size;
    return buffer;
  }

  const Buffer bytes_;
  uint64_t at_;
};

}  // namespace

SpilledBatches::SpilledBatches(SchemaPtr schema) : schema_(std::move(schema)), file_(io::SpillFolder()) {}

SpilledBatches::Place SpilledBatches::Append(const RecordBatch& batch) {
  BufferBuilder bytes;
  bytes.AppendValue(batch.num_rows);
  for (const ArrayPtr& column : batch.columns) ArrayWriter(bytes).Add(*column);
  const Place place{file_.size(), bytes.size()};
  file_.Append(bytes.span());
  return place;
}

RecordBatch SpilledBatches::Read(const Place& place) const {
  BufferBuilder builder;
  builder.Resize(place.bytes);
  file_.Read(place.offset, {builder.data(), builder.size()});
  const Buffer bytes = builder.Finish();
  RecordBatch batch{.schema = schema_, .num_rows = LoadLe<int64_t>(bytes.data())};
  uint64_t at = sizeof batch.num_rows;
  for (const Field& field : schema_->fields) {
    ArrayReader reader(bytes, at);
    ArrayPtr column = reader.Next(field.type);
    // A narrow column waits long for a page to fill: the bytes of wide ones must not wait with it.
    const uint64_t first = at / kAlignment * kAlignment, size = reader.at() - first;
    if (2 * size < place.bytes) column = ArrayReader(CopyToBuffer(bytes.span().subspan(first, size)), at - first).Next(field.type);
    batch.columns.push_back(std::move(column));
    at = reader.at();
  }
  return batch;
}

}  // namespace eider::query
