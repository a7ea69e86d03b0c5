#include "eider/page/plain_read.h"

#include <algorithm>

#include "eider/base/memory.h"

namespace eider::page {
namespace {

// Of one value or item: what a reader of an Arrow buffer may rely on.
uint64_t AlignmentOf(const DataType& type) {
  const DataType* item = &type;
  while (item->id == TypeId::kFixedSizeList) item = item->children[0].type.get();
  const uint64_t bytes = FixedBitWidth(*item) / 8;
  const bool power_of_two = bytes != 0 && (bytes & (bytes - 1)) == 0;
  return power_of_two && item->id != TypeId::kFixedSizeBinary ? std::min<uint64_t>(bytes, 8) : 1;
}

class PlainArrayRead final : public ArrayRead {
 public:
  PlainArrayRead(PlainRead plain, TypePtr type) : plain_(std::move(plain)), type_(std::move(type)) {}
  void Want(std::vector<ByteRange>& wants) override { plain_.Want(wants); }
  void Feed(std::span<const ByteSpan> bytes) override { plain_.Feed(bytes); }
  ArrayPtr Finish() override {
    return MakeFixedArray(type_, plain_.num_values(), plain_.Finish(AlignmentOf(*type_)));
  }

 private:
  PlainRead plain_;
  const TypePtr type_;
};

}  // namespace

ByteRange BitsIn(ByteRange buffer, uint64_t first, uint64_t end, const char* what) {
  const uint64_t from = first / 8, to = BytesForBits(end);
  if (to > buffer.length) throw Corrupt("{}: bytes [{}, {}) of a buffer of {}", what, from, to, buffer.length);
  return {buffer.offset + from, to - from};
}

PlainRead::PlainRead(ByteRange buffer, uint64_t bits, RowRanges ranges, Buffer mapping)
    : buffer_(buffer), bits_(bits), ranges_(std::move(ranges)), mapping_(std::move(mapping)), num_values_(CountRows(ranges_)) {}

void PlainRead::Want(std::vector<ByteRange>& wants) {
  if (wanted_) return;
  wanted_ = true;
  if (bits_ == 0) return;
  for (const RowRange& range : ranges_) {
    const uint64_t end = CheckedMul(range.end(), bits_, "flat");
    wants.push_back(BitsIn(buffer_, range.first * bits_, end, "flat"));
  }
}

Buffer PlainRead::Finish(uint64_t alignment) {
  if (bits_ % 8 != 0) return FinishBits();
  if (bytes_.size() == 1 && alignment != 0 && mapping_.present()) {
    const uint8_t* data = bytes_[0].data();
    const bool mapped = data >= mapping_.data() && data + bytes_[0].size() <= mapping_.data() + mapping_.size();
    if (mapped && reinterpret_cast<uintptr_t>(data) % alignment == 0) {
      return mapping_.Slice(static_cast<size_t>(data - mapping_.data()), bytes_[0].size());
    }
  }
  BufferBuilder data(num_values_ * (bits_ / 8));
  for (const ByteSpan bytes : bytes_) data.Append(bytes);
  return data.Finish();
}

Buffer PlainRead::FinishBits() {
  BitBuilder bits;
  for (size_t i = 0; i < bytes_.size(); ++i) bits.Append(bytes_[i].data(), ranges_[i].first * bits_ % 8, ranges_[i].count * bits_);
  return bits.Finish();
}

ArrayPtr MakeFixedArray(const TypePtr& type, uint64_t length, Buffer data) {
  auto array = std::make_shared<Array>();
  array->type = type;
  array->length = static_cast<int64_t>(length);
  array->null_count = 0;
  if (type->id == TypeId::kFixedSizeList) {
    const uint64_t items = CheckedMul(length, static_cast<uint64_t>(type->list_size), "fixed-size list");
    array->children.push_back(MakeFixedArray(type->children[0].type, items, std::move(data)));
  } else {
    array->buffers.push_back(std::move(data));
  }
  return array;
}

ArrayReadPtr MakePlainRead(ByteRange buffer, TypePtr type, RowRanges ranges, Buffer mapping) {
  const uint64_t bits = FixedBitWidth(*type);
  return std::make_unique<PlainArrayRead>(PlainRead(buffer, bits, std::move(ranges), std::move(mapping)), std::move(type));
}

}  // namespace eider::page
