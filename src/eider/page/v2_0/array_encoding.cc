#include "eider/page/v2_0/array_encoding.h"

#include "eider/base/memory.h"
#include "eider/page/plain_read.h"
#include "eider/page/v2_0/fixed_read.h"
#include "eider/page/v2_0/packed_read.h"
#include "eider/page/v2_0/variable_read.h"

namespace eider::page::v2_0 {
namespace {

namespace proto = ::lance::encodings;
using proto::ArrayEncoding;

/// Values under a validity bitmap.
class NullableRead final : public ArrayRead {
 public:
  NullableRead(ArrayReadPtr validity, ArrayReadPtr values) {
    reads_.Add(std::move(validity));
    reads_.Add(std::move(values));
  }
  void Want(std::vector<ByteRange>& wants) override { reads_.Want(wants); }
  void Feed(std::span<const ByteSpan> bytes) override { reads_.Feed(bytes); }
  ArrayPtr Finish() override {
    const ArrayPtr validity = reads_[0].Finish();
    const ArrayPtr values = reads_[1].Finish();
    auto array = std::make_shared<Array>(*values);
    if (array->type->id == TypeId::kNull) return array;
    array->validity = values->validity.present() ? BothValid(*validity, *values) : validity->buffers[0];
    array->null_count = -1;
    return array;
  }

 private:
  // Values may have nulls of their own.
  static Buffer BothValid(const Array& validity, const Array& values) {
    BitBuilder bits;
    bits.AppendFill(static_cast<uint64_t>(values.length), false);
    for (int64_t i = 0; i < values.length; ++i) {
      const uint64_t at = static_cast<uint64_t>(i);
      if (GetBit(validity.buffers[0].data(), at) && values.IsValid(i)) SetBit(bits.data(), at);
    }
    return bits.Finish();
  }

  JoinedReads<ArrayRead> reads_;
};

/// Structs without fields.
class EmptyStructRead final : public ArrayRead {
 public:
  EmptyStructRead(TypePtr type, uint64_t num_rows) : type_(std::move(type)), num_rows_(num_rows) {}
  void Want(std::vector<ByteRange>&) override {}
  void Feed(std::span<const ByteSpan>) override {}
  ArrayPtr Finish() override {
    auto array = std::make_shared<Array>();
    array->type = type_;
    array->length = static_cast<int64_t>(num_rows_);
    array->null_count = 0;
    return array;
  }

 private:
  const TypePtr type_;
  const uint64_t num_rows_;
};

class FixedSizeListRead final : public ArrayRead {
 public:
  FixedSizeListRead(TypePtr type, uint64_t num_rows, ArrayReadPtr items)
      : type_(std::move(type)), num_rows_(num_rows), items_(std::move(items)) {}
  void Want(std::vector<ByteRange>& wants) override { items_->Want(wants); }
  void Feed(std::span<const ByteSpan> bytes) override { items_->Feed(bytes); }
  ArrayPtr Finish() override {
    ArrayPtr items = items_->Finish();
    if (type_->id == TypeId::kFixedSizeBinary) return MakeFixedArray(type_, num_rows_, items->buffers[0]);
    auto array = std::make_shared<Array>();
    array->type = type_;
    array->length = static_cast<int64_t>(num_rows_);
    array->null_count = 0;
    array->children.push_back(std::move(items));
    return array;
  }

 private:
  const TypePtr type_;
  const uint64_t num_rows_;
  const ArrayReadPtr items_;
};

ArrayReadPtr MakeFixedSizeListRead(const proto::FixedSizeList& list, const PageBuffers& buffers, const TypePtr& type, RowRanges ranges,
                                   int depth) {
  const bool bytes = type->id == TypeId::kFixedSizeBinary;
  const int64_t expected = bytes ? type->byte_width : type->list_size;
  if ((!bytes && type->id != TypeId::kFixedSizeList) || list.dimension() != expected) {
    throw Corrupt("fixed-size list of {} for {}", list.dimension(), TypeToString(*type));
  }
  if (list.has_validity()) throw Unsupported("fixed-size lists with a validity of their own");
  const TypePtr item = bytes ? MakeType(TypeId::kUInt8) : type->children[0].type;
  const uint64_t rows = CountRows(ranges);
  return std::make_unique<FixedSizeListRead>(type, rows, MakeArrayRead(list.items(), buffers, item, ScaleRanges(ranges, list.dimension()), depth + 1));
}

ArrayReadPtr MakeNullableRead(const proto::Nullable& nullable, const PageBuffers& buffers, const TypePtr& type, RowRanges ranges, int depth) {
  switch (nullable.nullability_case()) {
    case proto::Nullable::kNoNulls: return MakeArrayRead(nullable.no_nulls().values(), buffers, type, std::move(ranges), depth + 1);
    case proto::Nullable::kAllNulls: return MakeNullRead(type, CountRows(ranges));
    case proto::Nullable::kSomeNulls: break;
    default: throw Corrupt("nullable: neither values nor nulls");
  }
  const auto& some = nullable.some_nulls();
  ArrayReadPtr validity = MakeArrayRead(some.validity(), buffers, MakeType(TypeId::kBool), ranges, depth + 1);
  ArrayReadPtr values = MakeArrayRead(some.values(), buffers, type, std::move(ranges), depth + 1);
  return std::make_unique<NullableRead>(std::move(validity), std::move(values));
}

const char* NameOf(const ArrayEncoding& encoding) {
  static constexpr const char* kNames[] = {"nothing", "flat", "nullable", "fixed_size_list", "list", "struct", "binary", "dictionary",
                                           "fsst", "packed_struct", "bitpacked", "fixed_size_binary", "bitpacked_for_non_neg",
                                           "constant", "inline_bitpacking", "out_of_line_bitpacking", "variable",
                                           "packed_struct_fixed_width_mini_block", "block", "rle", "general_mini_block",
                                           "byte_stream_split"};
  return kNames[encoding.array_encoding_case()];
}

std::string DescribeNullable(const proto::Nullable& nullable, int depth) {
  if (nullable.has_all_nulls()) return "all nulls";
  if (nullable.has_no_nulls()) return DescribeArrayEncoding(nullable.no_nulls().values(), depth);
  return fmt::format("nullable({})", DescribeArrayEncoding(nullable.some_nulls().values(), depth));
}

}  // namespace

ArrayReadPtr MakeArrayRead(const ArrayEncoding& encoding, const PageBuffers& buffers, const TypePtr& type, RowRanges ranges, int depth) {
  if (depth > kMaxDepth) throw Corrupt("array encoding: nested too deep");
  switch (encoding.array_encoding_case()) {
    case ArrayEncoding::kFlat: return MakeFlatRead(encoding.flat(), buffers, type, std::move(ranges));
    case ArrayEncoding::kBitpacked: return MakeBitpackedRead(encoding.bitpacked(), buffers, type, std::move(ranges));
    case ArrayEncoding::kBitpackedForNonNeg: return MakeBlockPackedRead(encoding.bitpacked_for_non_neg(), buffers, type, std::move(ranges));
    case ArrayEncoding::kNullable: return MakeNullableRead(encoding.nullable(), buffers, type, std::move(ranges), depth);
    case ArrayEncoding::kFixedSizeList: return MakeFixedSizeListRead(encoding.fixed_size_list(), buffers, type, std::move(ranges), depth);
    case ArrayEncoding::kBinary: return MakeBinaryRead(encoding.binary(), buffers, type, std::move(ranges), depth);
    case ArrayEncoding::kFsst: return MakeFsstRead(encoding.fsst(), buffers, type, std::move(ranges), depth);
    case ArrayEncoding::kFixedSizeBinary: return MakeEqualLengthRead(encoding.fixed_size_binary(), buffers, type, std::move(ranges), depth);
    case ArrayEncoding::kDictionary: return MakeDictionaryRead(encoding.dictionary(), buffers, type, std::move(ranges), depth);
    case ArrayEncoding::kPackedStruct: return MakePackedRead(encoding.packed_struct(), buffers, type, std::move(ranges));
    case ArrayEncoding::kStruct:
      if (type->id == TypeId::kStruct && type->children.empty()) return std::make_unique<EmptyStructRead>(type, CountRows(ranges));
      [[fallthrough]];
    case ArrayEncoding::kList: throw Corrupt("array encoding: {} for values of {}", NameOf(encoding), TypeToString(*type));
    case ArrayEncoding::ARRAY_ENCODING_NOT_SET: throw Corrupt("array encoding: none of the known ones");
    default: throw Unsupported("array encoding '{}'", NameOf(encoding));
  }
}

std::string DescribeArrayEncoding(const ArrayEncoding& encoding, int depth) {
  if (depth > kMaxDepth) return "...";
  const auto inner = [&](const ArrayEncoding& child) { return DescribeArrayEncoding(child, depth + 1); };
  switch (encoding.array_encoding_case()) {
    case ArrayEncoding::kFlat: {
      const proto::Flat& flat = encoding.flat();
      const std::string scheme = flat.has_compression() ? fmt::format(", {}", flat.compression().scheme()) : std::string();
      return fmt::format("flat({}{})", flat.bits_per_value(), scheme);
    }
    case ArrayEncoding::kNullable: return DescribeNullable(encoding.nullable(), depth + 1);
    case ArrayEncoding::kFixedSizeList:
      return fmt::format("fixed_size_list({} x {})", encoding.fixed_size_list().dimension(), inner(encoding.fixed_size_list().items()));
    case ArrayEncoding::kList:
      return fmt::format("list(offsets {}, {} items)", inner(encoding.list().offsets()), encoding.list().num_items());
    case ArrayEncoding::kBinary:
      return fmt::format("binary(ends {}, bytes {})", inner(encoding.binary().indices()), inner(encoding.binary().bytes()));
    case ArrayEncoding::kFsst: return fmt::format("fsst({})", inner(encoding.fsst().binary()));
    case ArrayEncoding::kFixedSizeBinary: return fmt::format("fixed_size_binary({})", encoding.fixed_size_binary().byte_width());
    case ArrayEncoding::kDictionary:
      return fmt::format("dictionary({}, {} items {})", inner(encoding.dictionary().indices()), encoding.dictionary().num_dictionary_items(),
                         inner(encoding.dictionary().items()));
    case ArrayEncoding::kBitpacked:
      return fmt::format("bitpacked({} of {})", encoding.bitpacked().compressed_bits_per_value(), encoding.bitpacked().uncompressed_bits_per_value());
    case ArrayEncoding::kBitpackedForNonNeg:
      return fmt::format("bitpacked_for_non_neg({} of {})", encoding.bitpacked_for_non_neg().compressed_bits_per_value(),
                         encoding.bitpacked_for_non_neg().uncompressed_bits_per_value());
    default: return NameOf(encoding);
  }
}

}  // namespace eider::page::v2_0
