#include "eider/query/sort_order.h"

#include <algorithm>
#include <bit>
#include <compare>
#include <cstring>
#include <memory>

#include "eider/array/string_values.h"
#include "eider/base/error.h"

namespace eider::query {
namespace {

/// Numbers that order as the values do; those of text order as their first bytes do.
template <typename T>
uint64_t ToOrdered(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
    constexpr Bits kSign = Bits{1} << (8 * sizeof(T) - 1);
    if (value != value) return ~uint64_t{0};
    const Bits bits = std::bit_cast<Bits>(value);
    return bits & kSign ? Bits(~bits) : Bits(bits | kSign);
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<uint64_t>(static_cast<int64_t>(value)) ^ (uint64_t{1} << 63);
  } else {
    return value;
  }
}

uint64_t OrderedHalf(uint16_t bits) {
  if ((bits & 0x7FFF) > 0x7C00) return ~uint64_t{0};
  return bits & 0x8000 ? uint16_t(~bits) : uint16_t(bits | 0x8000);
}

uint64_t OrderedBytes(ByteSpan bytes) {
  uint64_t word = 0;
  std::memcpy(&word, bytes.data(), std::min<size_t>(bytes.size(), 8));
  return __builtin_bswap64(word);
}

template <typename T>
void FillOrdered(const Array& array, std::vector<uint64_t>& out) {
  const T* values = reinterpret_cast<const T*>(array.buffers.at(0).data()) + array.offset;
  for (size_t i = 0; i < out.size(); ++i) out[i] = ToOrdered(values[i]);
}

/// Bytes of a value that order as it does, where 8 do not suffice.
class WideValues {
 public:
  explicit WideValues(const Array& array) : array_(array), strings_(array) {}
  std::weak_ordering Compare(int64_t a, int64_t b) const {
    switch (array_.type->id) {
      case TypeId::kDecimal128: return Decimals(a, b, 16);
      case TypeId::kDecimal256: return Decimals(a, b, 32);
      case TypeId::kFixedSizeBinary: {
        const auto width = static_cast<size_t>(array_.type->byte_width);
        return std::memcmp(Fixed(a, width), Fixed(b, width), width) <=> 0;
      }
      default: {
        const ByteSpan x = strings_.At(a), y = strings_.At(b);
        const int prefix = std::memcmp(x.data(), y.data(), std::min(x.size(), y.size()));
        return prefix != 0 ? std::weak_ordering(prefix <=> 0) : std::weak_ordering(x.size() <=> y.size());
      }
    }
  }
  uint64_t Prefix(int64_t i) const {
    switch (array_.type->id) {
      case TypeId::kDecimal128: return ToOrdered(LoadLe<int64_t>(Fixed(i, 16) + 8));
      case TypeId::kDecimal256: return ToOrdered(LoadLe<int64_t>(Fixed(i, 32) + 24));
      case TypeId::kFixedSizeBinary: return OrderedBytes({Fixed(i, static_cast<size_t>(array_.type->byte_width)), static_cast<size_t>(array_.type->byte_width)});
      default: return OrderedBytes(strings_.At(i));
    }
  }

 private:
  const uint8_t* Fixed(int64_t i, size_t width) const { return array_.buffers[0].data() + static_cast<size_t>(array_.offset + i) * width; }
  std::weak_ordering Decimals(int64_t a, int64_t b, size_t width) const {
    const uint8_t *x = Fixed(a, width), *y = Fixed(b, width);
    if (const auto high = LoadLe<int64_t>(x + width - 8) <=> LoadLe<int64_t>(y + width - 8); high != 0) return high;
    for (size_t at = width - 8; at > 0; at -= 8) {
      if (const auto word = LoadLe<uint64_t>(x + at - 8) <=> LoadLe<uint64_t>(y + at - 8); word != 0) return word;
    }
    return std::weak_ordering::equivalent;
  }

  const Array& array_;
  const StringValues strings_;
};

class Key {
 public:
  Key(const ArrayPtr& array, const SortKey& order) : array_(array), ascending_(order.ascending), nulls_first_(order.nulls_first), words_(static_cast<size_t>(array->length)) {
    Fill(order);
    for (uint64_t& word : words_) word = ascending_ ? word : ~word;
  }

  bool is_wide() const { return wide_ != nullptr; }
  uint64_t word(int64_t i) const { return words_[static_cast<size_t>(i)]; }
  /// 1 for values, nulls before or after.
  uint8_t rank(int64_t i) const { return array_->IsValid(i) ? 1 : nulls_first_ ? 0 : 2; }
  /// Of rows with equal ranks and words.
  std::weak_ordering CompareRest(int64_t a, int64_t b) const {
    if (!wide_ || rank(a) != 1) return std::weak_ordering::equivalent;
    return ascending_ ? wide_->Compare(a, b) : wide_->Compare(b, a);
  }
  std::weak_ordering Compare(int64_t a, int64_t b) const {
    if (const auto ranks = rank(a) <=> rank(b); ranks != 0) return ranks;
    if (rank(a) != 1) return std::weak_ordering::equivalent;
    if (const auto words = word(a) <=> word(b); words != 0) return words;
    return CompareRest(a, b);
  }

 private:
  void Fill(const SortKey& order) {
    const Array& array = *array_;
    switch (array.type->id) {
      case TypeId::kBool:
        for (size_t i = 0; i < words_.size(); ++i) words_[i] = GetBit(array.buffers.at(0).data(), static_cast<uint64_t>(array.offset) + i);
        return;
      case TypeId::kInt8: return FillOrdered<int8_t>(array, words_);
      case TypeId::kInt16: return FillOrdered<int16_t>(array, words_);
      case TypeId::kInt32:
      case TypeId::kDate32:
      case TypeId::kTime32: return FillOrdered<int32_t>(array, words_);
      case TypeId::kInt64:
      case TypeId::kDate64:
      case TypeId::kTime64:
      case TypeId::kTimestamp:
      case TypeId::kDuration: return FillOrdered<int64_t>(array, words_);
      case TypeId::kUInt8: return FillOrdered<uint8_t>(array, words_);
      case TypeId::kUInt16: return FillOrdered<uint16_t>(array, words_);
      case TypeId::kUInt32: return FillOrdered<uint32_t>(array, words_);
      case TypeId::kUInt64: return FillOrdered<uint64_t>(array, words_);
      case TypeId::kFloat: return FillOrdered<float>(array, words_);
      case TypeId::kDouble: return FillOrdered<double>(array, words_);
      case TypeId::kHalfFloat:
        for (size_t i = 0; i < words_.size(); ++i) words_[i] = OrderedHalf(array.buffers.at(0).as<uint16_t>()[static_cast<size_t>(array.offset) + i]);
        return;
      case TypeId::kNull: return;
      case TypeId::kDecimal128:
      case TypeId::kDecimal256:
      case TypeId::kFixedSizeBinary:
      case TypeId::kUtf8:
      case TypeId::kLargeUtf8:
      case TypeId::kUtf8View:
      case TypeId::kBinary:
      case TypeId::kLargeBinary:
      case TypeId::kBinaryView:
        wide_ = std::make_unique<WideValues>(array);
        for (size_t i = 0; i < words_.size(); ++i) {
          if (array.IsValid(static_cast<int64_t>(i))) words_[i] = wide_->Prefix(static_cast<int64_t>(i));
        }
        return;
      default: throw Invalid("order_by: column '{}' is a {}, which has no order", order.column, TypeToString(*array.type));
    }
  }

  const ArrayPtr array_;
  const bool ascending_, nulls_first_;
  std::vector<uint64_t> words_;
  std::unique_ptr<WideValues> wide_;
};

/// A row with its first key, most of what comparisons look at.
struct SortedRow {
  uint64_t word;
  uint32_t row;
  uint8_t rank;
};

}  // namespace

std::vector<int64_t> SortPositions(std::span<const ArrayPtr> arrays, std::span<const SortKey> order, uint64_t most) {
  std::vector<Key> keys;
  for (size_t i = 0; i < arrays.size(); ++i) keys.emplace_back(arrays[i], order[i]);
  const Key& first = keys.at(0);
  if (arrays[0]->length >= int64_t{1} << 32) throw Unsupported("order_by: {} rows at once", arrays[0]->length);
  std::vector<SortedRow> rows(static_cast<size_t>(arrays[0]->length));
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    const uint8_t rank = first.rank(at);
    rows[i] = {rank == 1 ? first.word(at) : 0, static_cast<uint32_t>(i), rank};
  }
  const auto is_before = [&keys, &first](const SortedRow& a, const SortedRow& b) {
    if (a.rank != b.rank) return a.rank < b.rank;
    if (a.word != b.word) return a.word < b.word;
    if (const auto rest = first.CompareRest(a.row, b.row); rest != 0) return rest < 0;
    for (size_t i = 1; i < keys.size(); ++i) {
      if (const auto order = keys[i].Compare(a.row, b.row); order != 0) return order < 0;
    }
    return a.row < b.row;
  };
  if (most < rows.size()) {
    std::nth_element(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(most), rows.end(), is_before);
    rows.resize(most);
  }
  std::ranges::sort(rows, is_before);
  std::vector<int64_t> positions(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) positions[i] = rows[i].row;
  return positions;
}

}  // namespace eider::query
