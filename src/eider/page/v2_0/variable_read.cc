#include "eider/page/v2_0/variable_read.h"

#include <optional>

#include "eider/array/types.h"
#include "eider/codec/fsst.h"
#include "eider/page/variable_array.h"
#include "eider/page/v2_0/ends_read.h"

namespace eider::page::v2_0 {
namespace {

namespace proto = ::lance::encodings;

void RequireVariable(const char* what, const DataType& type) {
  const Layout layout = LayoutOf(type.id);
  if (layout != Layout::kVariable32 && layout != Layout::kVariable64) throw Corrupt("{}: values of {}", what, TypeToString(type));
}

class BinaryRead final : public ArrayRead {
 public:
  BinaryRead(const proto::Binary& binary, const PageBuffers& buffers, TypePtr type, RowRanges ranges, int depth)
      : binary_(binary),
        buffers_(buffers),
        type_(std::move(type)),
        depth_(depth),
        ends_(binary.indices(), binary.null_adjustment(), buffers, std::move(ranges), depth) {}

  void Want(std::vector<ByteRange>& wants) override {
    const size_t before = wants.size();
    if (!bytes_) {
      ends_.Want(wants);
      if (wants.size() > before) return;
      rows_ = ends_.Finish();
      bytes_ = MakeArrayRead(binary_.bytes(), buffers_, MakeType(TypeId::kUInt8), rows_.items, depth_ + 1);
    }
    bytes_->Want(wants);
  }
  void Feed(std::span<const ByteSpan> bytes) override { bytes_ ? bytes_->Feed(bytes) : ends_.Feed(bytes); }
  ArrayPtr Finish() override {
    const ArrayPtr bytes = bytes_->Finish();
    return MakeVariableArray(type_, rows_.lengths, std::move(rows_.validity), bytes->buffers[0]);
  }

 private:
  const proto::Binary& binary_;
  const PageBuffers buffers_;
  const TypePtr type_;
  const int depth_;
  EndsRead ends_;
  ListRows rows_;
  ArrayReadPtr bytes_;
};

class FsstRead final : public ArrayRead {
 public:
  FsstRead(codec::FsstDecoder decoder, ArrayReadPtr inner) : decoder_(decoder), inner_(std::move(inner)) {}
  void Want(std::vector<ByteRange>& wants) override { inner_->Want(wants); }
  void Feed(std::span<const ByteSpan> bytes) override { inner_->Feed(bytes); }
  ArrayPtr Finish() override {
    const ArrayPtr codes = inner_->Finish();
    if (decoder_.is_raw()) return codes;
    BufferBuilder data;
    std::vector<uint64_t> lengths;
    lengths.reserve(static_cast<size_t>(codes->length));
    for (int64_t i = 0; i < codes->length; ++i) {
      const ByteSpan value = VariableValue(*codes, i);
      const size_t begin = data.size();
      const size_t size = decoder_.Decode(value, data.Extend(8 * value.size() + 8));
      data.Resize(begin + size);
      lengths.push_back(size);
    }
    return MakeVariableArray(codes->type, lengths, codes->validity, data.Finish());
  }

 private:
  const codec::FsstDecoder decoder_;
  const ArrayReadPtr inner_;
};

class EqualLengthRead final : public ArrayRead {
 public:
  EqualLengthRead(TypePtr type, uint64_t num_values, uint64_t width, ArrayReadPtr bytes)
      : type_(std::move(type)), num_values_(num_values), width_(width), bytes_(std::move(bytes)) {}
  void Want(std::vector<ByteRange>& wants) override { bytes_->Want(wants); }
  void Feed(std::span<const ByteSpan> bytes) override { bytes_->Feed(bytes); }
  ArrayPtr Finish() override {
    const ArrayPtr bytes = bytes_->Finish();
    return MakeVariableArray(type_, std::vector<uint64_t>(num_values_, width_), bytes->validity, bytes->buffers[0]);
  }

 private:
  const TypePtr type_;
  const uint64_t num_values_, width_;
  const ArrayReadPtr bytes_;
};

}  // namespace

ArrayReadPtr MakeBinaryRead(const proto::Binary& binary, const PageBuffers& buffers, TypePtr type, RowRanges ranges, int depth) {
  RequireVariable("binary", *type);
  return std::make_unique<BinaryRead>(binary, buffers, std::move(type), std::move(ranges), depth);
}

ArrayReadPtr MakeFsstRead(const proto::Fsst& fsst, const PageBuffers& buffers, TypePtr type, RowRanges ranges, int depth) {
  RequireVariable("fsst", *type);
  const std::string& table = fsst.symbol_table();
  const codec::FsstDecoder decoder({reinterpret_cast<const uint8_t*>(table.data()), table.size()});
  return std::make_unique<FsstRead>(decoder, MakeArrayRead(fsst.binary(), buffers, type, std::move(ranges), depth + 1));
}

ArrayReadPtr MakeEqualLengthRead(const proto::FixedSizeBinary& binary, const PageBuffers& buffers, TypePtr type, RowRanges ranges,
                                 int depth) {
  RequireVariable("fixed-size binary", *type);
  const uint64_t width = binary.byte_width(), num_values = CountRows(ranges);
  if (width > INT32_MAX) throw Corrupt("fixed-size binary: values of {} bytes", width);
  ArrayReadPtr bytes = MakeArrayRead(binary.bytes(), buffers, FixedSizeBinaryType(static_cast<int32_t>(width)), std::move(ranges), depth + 1);
  return std::make_unique<EqualLengthRead>(std::move(type), num_values, width, std::move(bytes));
}

}  // namespace eider::page::v2_0
