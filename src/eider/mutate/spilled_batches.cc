#include "eider/mutate/spilled_batches.h"

#include "eider/array/string_values.h"
#include "eider/array/take.h"
#include "eider/array/types.h"
#include "eider/base/error.h"

namespace eider::mutate {
namespace {

constexpr uint64_t kAbsent = UINT64_MAX;

uint64_t Padding(uint64_t size) { return (8 - size % 8) % 8; }

size_t NumBuffers(Layout layout) {
  switch (layout) {
    case Layout::kNull:
    case Layout::kFixedSizeList:
    case Layout::kStruct: return 0;
    case Layout::kVariable32:
    case Layout::kVariable64:
    case Layout::kView: return 2;
    default: return 1;
  }
}

/// Takes a record of our own apart.
class RecordReader {
 public:
  RecordReader(Buffer record, const std::vector<ArrayPtr>& dictionaries) : record_(std::move(record)), dictionaries_(dictionaries) {}

  uint64_t Number() {
    const auto number = LoadLe<uint64_t>(record_.data() + at_);
    at_ += 8;
    return number;
  }

  ArrayPtr ReadArray(const TypePtr& type) {
    auto array = std::make_shared<Array>();
    array->type = type;
    array->length = static_cast<int64_t>(Number());
    array->null_count = static_cast<int64_t>(Number());
    array->validity = ReadBuffer();
    const Layout layout = LayoutOf(type->id);
    for (size_t i = 0; i < NumBuffers(layout); ++i) array->buffers.push_back(ReadBuffer());
    if (layout == Layout::kDictionary) array->dictionary = dictionaries_[Number()];
    else for (const Field& child : type->children) array->children.push_back(ReadArray(child.type));
    return array;
  }

 private:
  Buffer ReadBuffer() {
    const uint64_t size = Number();
    if (size == kAbsent) return {};
    const Buffer buffer = record_.Slice(at_, size);
    at_ += size + Padding(size);
    return buffer;
  }

  const Buffer record_;
  const std::vector<ArrayPtr>& dictionaries_;
  uint64_t at_ = 0;
};

}  // namespace

void SpilledBatches::WriteBuffer(const Buffer& buffer) {
  record_.AppendValue<uint64_t>(buffer.present() ? buffer.size() : kAbsent);
  record_.Append(buffer.span());
  if (buffer.present()) record_.AppendFill(Padding(buffer.size()), 0);
}

// The bytes of long values that are there, where the array has those of all rows that it was taken from.
void SpilledBatches::WriteViews(const Array& array) {
  BufferBuilder views(static_cast<size_t>(array.length) * 16), data;
  const StringValues values(array);
  for (int64_t i = 0; i < array.length; ++i) {
    uint8_t* view = views.Extend(16);
    std::memset(view, 0, 16);
    if (!array.IsValid(i)) continue;
    const ByteSpan value = values.At(i);
    StoreLe(view, static_cast<uint32_t>(value.size()));
    if (value.size() <= 12) {
      std::memcpy(view + 4, value.data(), value.size());
      continue;
    }
    if (data.size() > INT32_MAX) throw Invalid("merge_insert: {} bytes of text in {} rows do not fit into one buffer of views", data.size(), i);
    std::memcpy(view + 4, value.data(), 4);
    StoreLe(view + 12, static_cast<uint32_t>(data.size()));
    data.Append(value);
  }
  WriteBuffer(views.Finish());
  WriteBuffer(data.Finish());
}

void SpilledBatches::Write(const Array& array) {
  const Layout layout = LayoutOf(array.type->id);
  record_.AppendValue(static_cast<uint64_t>(array.length));
  record_.AppendValue(static_cast<uint64_t>(array.null_count));
  WriteBuffer(array.validity);
  if (layout == Layout::kView) return WriteViews(array);
  for (size_t i = 0; i < NumBuffers(layout); ++i) WriteBuffer(array.buffers[i]);
  if (layout == Layout::kDictionary) {
    const auto [known, is_new] = dictionary_numbers_.try_emplace(array.dictionary.get(), dictionaries_.size());
    if (is_new) dictionaries_.push_back(array.dictionary);
    record_.AppendValue<uint64_t>(known->second);
  } else {
    for (const ArrayPtr& child : array.children) Write(*child);
  }
}

void SpilledBatches::Append(const RecordBatch& batch, std::span<const int64_t> rows) {
  record_.Clear();
  record_.AppendValue<uint64_t>(0);
  record_.AppendValue<uint64_t>(rows.size());
  for (const ArrayPtr& column : batch.columns) Write(*TakeArray(column, rows));
  StoreLe(record_.data(), static_cast<uint64_t>(record_.size() - 8));
  file_.Append(record_.span());
}

std::optional<RecordBatch> SpilledBatches::Read(uint64_t* offset) const {
  if (*offset == file_.size()) return std::nullopt;
  uint8_t size[8];
  file_.Read(*offset, size);
  BufferBuilder bytes;
  bytes.Resize(LoadLe<uint64_t>(size));
  file_.Read(*offset + 8, {bytes.data(), bytes.size()});
  *offset += 8 + bytes.size();
  RecordReader record(bytes.Finish(), dictionaries_);
  RecordBatch batch{.schema = schema_, .num_rows = static_cast<int64_t>(record.Number()), .columns = {}};
  for (const Field& field : schema_->fields) batch.columns.push_back(record.ReadArray(field.type));
  return batch;
}

}  // namespace eider::mutate
