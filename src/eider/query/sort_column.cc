#include "eider/query/sort_column.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

#include "eider/array/string_values.h"
#include "eider/array/take.h"
#include "eider/base/bytes.h"
#include "eider/query/nested_keys.h"

namespace eider::query {
namespace {

/// An unsigned number that orders as the value does. NaN comes last.
template <typename T>
auto ToOrdered(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
    constexpr Bits kSign = Bits{1} << (8 * sizeof(T) - 1);
    const Bits bits = std::bit_cast<Bits>(value);
    const Bits ordered = bits & kSign ? Bits(~bits) : Bits(bits | kSign);
    return value != value ? Bits(~Bits{0}) : ordered;
  } else {
    using Bits = std::make_unsigned_t<T>;
    constexpr Bits kFlip = std::is_signed_v<T> ? Bits(Bits{1} << (8 * sizeof(T) - 1)) : Bits{0};
    return Bits(Bits(value) ^ kFlip);
  }
}

/// Bits of a 16-bit float.
struct Half {
  uint16_t bits;
};
uint16_t ToOrdered(Half value) {
  if ((value.bits & 0x7FFF) > 0x7C00) return 0xFFFF;
  return value.bits & 0x8000 ? uint16_t(~value.bits) : uint16_t(value.bits | 0x8000);
}

template <typename T>
void FillNumbers(const Array& array, int64_t first, uint64_t flip, std::span<uint64_t> out) {
  const uint8_t* values = array.buffers.at(0).data() + static_cast<size_t>(array.offset + first) * sizeof(T);
  for (size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, values + i * sizeof(T), sizeof(T));
    out[i] = (uint64_t{ToOrdered(value)} << (64 - 8 * sizeof(T))) ^ flip;
  }
}

size_t BytesOfNarrow(const DataType& type) {
  switch (type.id) {
    case TypeId::kBool: return 1;
    case TypeId::kInt8: case TypeId::kInt16: case TypeId::kInt32: case TypeId::kInt64:
    case TypeId::kUInt8: case TypeId::kUInt16: case TypeId::kUInt32: case TypeId::kUInt64:
    case TypeId::kHalfFloat: case TypeId::kFloat: case TypeId::kDouble:
    case TypeId::kDate32: case TypeId::kDate64: case TypeId::kTime32: case TypeId::kTime64:
    case TypeId::kTimestamp: case TypeId::kDuration: return std::max<uint64_t>(1, FixedBitWidth(type) / 8);
    default: return 0;
  }
}

bool IsDecimalType(TypeId id) { return id == TypeId::kDecimal128 || id == TypeId::kDecimal256; }

ByteSpan FixedValue(const Array& array, int64_t row) {
  const size_t width = array.type->id == TypeId::kDecimal128 ? 16 : array.type->id == TypeId::kDecimal256 ? 32 : static_cast<size_t>(array.type->byte_width);
  return array.buffers.at(0).span().subspan(static_cast<size_t>(array.offset + row) * width, width);
}

bool HasZeroByte(uint64_t word) { return ((word - 0x0101010101010101u) & ~word & 0x8080808080808080u) != 0; }

/// The first bytes of a text as it is encoded.
uint64_t TextWord(ByteSpan text, bool ascending) {
  if (text.size() >= 8) {
    const uint64_t word = LoadBigEndian(text.data());
    if (!HasZeroByte(word)) return ascending ? word : ~word;
  }
  uint8_t encoded[18] = {};
  size_t size = 0;
  for (size_t i = 0; i < text.size() && size < 8; ++i) {
    encoded[size++] = text[i];
    if (text[i] == 0) encoded[size++] = 0xFF;
  }
  const uint64_t word = LoadBigEndian(encoded);
  return ascending ? word : ~word & TopBytes(size + 2);
}

/// Copies, with FF after each 00, and 00 00 at the end.
void AppendText(ByteSpan text, BufferBuilder& out) {
  while (!text.empty()) {
    const auto* zero = static_cast<const uint8_t*>(std::memchr(text.data(), 0, text.size()));
    const size_t plain = zero ? static_cast<size_t>(zero - text.data()) + 1 : text.size();
    out.Append(text.first(plain));
    if (zero) out.AppendValue(uint8_t{0xFF});
    text = text.subspan(plain);
  }
  out.AppendValue(uint16_t{0});
}

/// Dictionaries are ordered by their values, nested values by bytes that say as much.
ArrayPtr ToValues(ArrayPtr array, const SortKey& key) {
  if (array->type->id == TypeId::kDictionary) return DecodeDictionary(*array);
  return IsNested(*array->type) ? NestedKeys(array, key) : std::move(array);
}

}  // namespace

SortColumn::SortColumn(ArrayPtr array, const SortKey& key)
    : array_(ToValues(std::move(array), key)), ascending_(key.ascending), null_rank_(key.nulls_first ? 0 : 2), has_nulls_(CountNulls(*array_) > 0 || array_->type->id == TypeId::kNull),
      narrow_bytes_(BytesOfNarrow(*array_->type)) {}

void SortColumn::Words(int64_t first, std::span<uint64_t> out) const {
  FillWords(first, out);
  if (!has_nulls_) return;
  for (size_t i = 0; i < out.size(); ++i) {
    if (!array_->IsValid(first + static_cast<int64_t>(i))) out[i] = 0;
  }
}

void SortColumn::FillWords(int64_t first, std::span<uint64_t> out) const {
  const Array& array = *array_;
  const uint64_t flip = ascending_ ? 0 : TopBytes(narrow_bytes_);
  switch (array.type->id) {
    case TypeId::kNull:
      std::ranges::fill(out, 0);
      return;
    case TypeId::kBool:
      for (size_t i = 0; i < out.size(); ++i) {
        out[i] = (uint64_t{GetBit(array.buffers.at(0).data(), static_cast<uint64_t>(array.offset + first) + i)} << 56) ^ flip;
      }
      return;
    case TypeId::kInt8: return FillNumbers<int8_t>(array, first, flip, out);
    case TypeId::kInt16: return FillNumbers<int16_t>(array, first, flip, out);
    case TypeId::kInt32: case TypeId::kDate32: case TypeId::kTime32: return FillNumbers<int32_t>(array, first, flip, out);
    case TypeId::kInt64: case TypeId::kDate64: case TypeId::kTime64: case TypeId::kTimestamp:
    case TypeId::kDuration: return FillNumbers<int64_t>(array, first, flip, out);
    case TypeId::kUInt8: return FillNumbers<uint8_t>(array, first, flip, out);
    case TypeId::kUInt16: return FillNumbers<uint16_t>(array, first, flip, out);
    case TypeId::kUInt32: return FillNumbers<uint32_t>(array, first, flip, out);
    case TypeId::kUInt64: return FillNumbers<uint64_t>(array, first, flip, out);
    case TypeId::kHalfFloat: return FillNumbers<Half>(array, first, flip, out);
    case TypeId::kFloat: return FillNumbers<float>(array, first, flip, out);
    case TypeId::kDouble: return FillNumbers<double>(array, first, flip, out);
    case TypeId::kDecimal128: case TypeId::kDecimal256:
      for (size_t i = 0; i < out.size(); ++i) {
        const ByteSpan value = FixedValue(array, first + static_cast<int64_t>(i));
        out[i] = ToOrdered(LoadLe<int64_t>(value.data() + value.size() - 8)) ^ (ascending_ ? 0 : ~uint64_t{0});
      }
      return;
    case TypeId::kFixedSizeBinary:
      for (size_t i = 0; i < out.size(); ++i) {
        const ByteSpan value = FixedValue(array, first + static_cast<int64_t>(i));
        uint8_t head[8] = {};
        std::copy_n(value.data(), std::min<size_t>(8, value.size()), head);
        out[i] = LoadBigEndian(head) ^ (ascending_ ? 0 : TopBytes(value.size()));
      }
      return;
    default: {
      const StringValues texts(array);
      for (size_t i = 0; i < out.size(); ++i) {
        const int64_t row = first + static_cast<int64_t>(i);
        out[i] = array.IsValid(row) ? TextWord(texts.At(row), ascending_) : 0;
      }
    }
  }
}

void SortColumn::AppendTo(int64_t row, uint64_t word, BufferBuilder& out) const {
  const uint8_t rank = this->rank(row);
  out.AppendValue(rank);
  if (rank != 1) return;
  if (narrow_bytes_ == 0) return AppendWide(row, out);
  const uint64_t bytes = __builtin_bswap64(word);
  out.Append(&bytes, narrow_bytes_);
}

void SortColumn::AppendWide(int64_t row, BufferBuilder& out) const {
  const size_t begin = out.size();
  if (IsDecimalType(array_->type->id)) {
    const ByteSpan value = FixedValue(*array_, row);
    for (size_t at = value.size(); at > 0; at -= 8) {
      const uint64_t limb = LoadLe<uint64_t>(value.data() + at - 8);
      out.AppendValue(__builtin_bswap64(at == value.size() ? limb ^ (uint64_t{1} << 63) : limb));
    }
  } else if (array_->type->id == TypeId::kFixedSizeBinary) {
    out.Append(FixedValue(*array_, row));
  } else {
    AppendText(StringValues(*array_).At(row), out);
  }
  if (ascending_) return;
  for (uint8_t* byte = out.data() + begin; byte != out.data() + out.size(); ++byte) *byte = static_cast<uint8_t>(~*byte);
}

}  // namespace eider::query
