#pragma once
/// \file
/// Arrays for tests: from literal values, and random ones of any type by seed.

#include <eider/array.h>

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <type_traits>

#include "eider/array/types.h"
#include "eider/base/bytes.h"
#include "eider/base/memory.h"

namespace eider::testing {

template <typename T>
constexpr TypeId TypeIdOf() {
  if constexpr (std::is_same_v<T, int8_t>) return TypeId::kInt8;
  else if constexpr (std::is_same_v<T, int16_t>) return TypeId::kInt16;
  else if constexpr (std::is_same_v<T, int32_t>) return TypeId::kInt32;
  else if constexpr (std::is_same_v<T, int64_t>) return TypeId::kInt64;
  else if constexpr (std::is_same_v<T, uint8_t>) return TypeId::kUInt8;
  else if constexpr (std::is_same_v<T, uint16_t>) return TypeId::kUInt16;
  else if constexpr (std::is_same_v<T, uint32_t>) return TypeId::kUInt32;
  else if constexpr (std::is_same_v<T, uint64_t>) return TypeId::kUInt64;
  else if constexpr (std::is_same_v<T, float>) return TypeId::kFloat;
  else return TypeId::kDouble;
}

template <typename T>
Buffer BufferOf(const std::vector<T>& values) {
  return CopyToBuffer({reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T)});
}

/// One of each layout, some nested.
inline std::vector<TypePtr> ManyTypes() {
  const TypePtr text = MakeType(TypeId::kUtf8), number = MakeType(TypeId::kInt32);
  return {MakeType(TypeId::kNull), MakeType(TypeId::kBool), MakeType(TypeId::kInt8), MakeType(TypeId::kDouble), MakeType(TypeId::kHalfFloat),
          DecimalType(TypeId::kDecimal128, 20, 3), FixedSizeBinaryType(3), FixedSizeBinaryType(21), text, MakeType(TypeId::kLargeBinary),
          MakeType(TypeId::kUtf8View), ListType({"item", text}), LargeListType({"item", number}), FixedSizeListType({"item", number}, 3),
          StructType({{"a", number}, {"b", ListType({"item", text})}}), DictionaryType(MakeType(TypeId::kInt8), text),
          ListType({"item", DictionaryType(number, text)}), MapType(text, number)};
}

/// Numbers, all valid.
template <typename T>
ArrayPtr Numbers(const std::vector<T>& values) {
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeIdOf<T>());
  array->length = int64_t(values.size());
  array->null_count = 0;
  array->buffers = {BufferOf(values)};
  return array;
}

/// Numbers with nulls.
template <typename T>
ArrayPtr OptionalNumbers(const std::vector<std::optional<T>>& values) {
  std::vector<T> plain;
  BitBuilder validity;
  for (const std::optional<T>& value : values) {
    plain.push_back(value.value_or(T{}));
    validity.AppendBit(value.has_value());
  }
  auto array = std::make_shared<Array>(*Numbers(plain));
  array->null_count = -1;
  array->validity = validity.Finish();
  return array;
}

inline ArrayPtr Strings(const std::vector<std::optional<std::string>>& values) {
  BufferBuilder offsets, data;
  BitBuilder validity;
  offsets.AppendValue(int32_t{0});
  for (const auto& value : values) {
    if (value) data.Append(value->data(), value->size());
    offsets.AppendValue(int32_t(data.size()));
    validity.AppendBit(value.has_value());
  }
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeId::kUtf8);
  array->length = int64_t(values.size());
  array->validity = validity.Finish();
  array->buffers = {offsets.Finish(), data.Finish()};
  return array;
}

struct RandomOptions {
  double null_probability = 0.2;
  int64_t max_list_length = 4;
  int64_t max_string_bytes = 24;
};

/// Random arrays of one seed. Values under nulls are random too; utf8 is ASCII.
class RandomArrays {
 public:
  explicit RandomArrays(uint64_t seed, const RandomOptions& options = {}) : random_(seed), options_(options) {}

  ArrayPtr Make(const TypePtr& type, int64_t length) { return Make(Field{"", type, true, {}}, length); }

  ArrayPtr Make(const Field& field, int64_t length) {
    auto array = std::make_shared<Array>();
    array->type = field.type;
    array->length = length;
    const Layout layout = LayoutOf(field.type->id);
    if (field.nullable && layout != Layout::kNull && options_.null_probability > 0) array->validity = Validity(length);
    const DataType& type = *field.type;
    switch (layout) {
      case Layout::kNull: break;
      case Layout::kBits: array->buffers = {RandomBytes(BytesForBits(uint64_t(length)))}; break;
      case Layout::kFixed: array->buffers = {RandomBytes(uint64_t(length) * ByteWidth(type))}; break;
      case Layout::kVariable32: Variable<int32_t>(*array); break;
      case Layout::kVariable64: Variable<int64_t>(*array); break;
      case Layout::kView: Views(*array); break;
      case Layout::kList32: Lists<int32_t>(*array); break;
      case Layout::kList64: Lists<int64_t>(*array); break;
      case Layout::kFixedSizeList: array->children = {Make(type.children[0], length * type.list_size)}; break;
      case Layout::kStruct:
        for (const Field& child : type.children) array->children.push_back(Make(child, length));
        break;
      case Layout::kDictionary: Dictionary(*array); break;
    }
    return array;
  }

  int64_t Below(int64_t bound) { return int64_t(random_() % uint64_t(bound)); }

 private:
  Buffer Validity(int64_t length) {
    BitBuilder bits;
    for (int64_t i = 0; i < length; ++i) bits.AppendBit(std::uniform_real_distribution<>()(random_) >= options_.null_probability);
    return bits.Finish();
  }
  Buffer RandomBytes(uint64_t n) {
    BufferBuilder builder(n);
    for (uint64_t i = 0; i < n; ++i) builder.AppendValue(uint8_t(random_()));
    return builder.Finish();
  }
  void AppendText(BufferBuilder& data) {
    for (int64_t n = Below(options_.max_string_bytes + 1); n > 0; --n) data.AppendValue(uint8_t('a' + Below(26)));
  }
  template <typename Offset>
  void Variable(Array& array) {
    BufferBuilder offsets, data;
    offsets.AppendValue(Offset{0});
    for (int64_t i = 0; i < array.length; ++i) {
      AppendText(data);
      offsets.AppendValue(Offset(data.size()));
    }
    array.buffers = {offsets.Finish(), data.Finish()};
  }
  void Views(Array& array) {
    BufferBuilder views, data;
    for (int64_t i = 0; i < array.length; ++i) {
      const size_t start = data.size();
      AppendText(data);
      const size_t size = data.size() - start;
      uint8_t view[16] = {};
      StoreLe<int32_t>(view, int32_t(size));
      if (size) std::memcpy(view + 4, data.data() + start, size <= 12 ? size : 4);
      if (size > 12) StoreLe<int32_t>(view + 12, int32_t(start));
      views.Append(view, 16);
    }
    array.buffers = {views.Finish(), data.Finish()};
  }
  template <typename Offset>
  void Lists(Array& array) {
    BufferBuilder offsets;
    Offset end = 0;
    offsets.AppendValue(end);
    for (int64_t i = 0; i < array.length; ++i) offsets.AppendValue(end += Offset(Below(options_.max_list_length + 1)));
    array.buffers = {offsets.Finish()};
    array.children = {Make(array.type->children[0], int64_t(end))};
  }
  void Dictionary(Array& array) {
    const int64_t size = 1 + Below(20);
    array.dictionary = Make(Field{"", array.type->value_type, false, {}}, size);
    const uint64_t width = ByteWidth(array);
    BufferBuilder indices;
    for (int64_t i = 0; i < array.length; ++i) {
      const int64_t index = Below(size);
      indices.Append(&index, width);
    }
    array.buffers = {indices.Finish()};
  }
  static uint64_t ByteWidth(const Array& array) { return eider::ByteWidth(*array.type); }
  static uint64_t ByteWidth(const DataType& type) { return eider::ByteWidth(type); }

  std::mt19937_64 random_;
  RandomOptions options_;
};

/// One of each layout and of each parametric type, nested too.
inline std::vector<TypePtr> SampleTypes() {
  std::vector<TypePtr> types;
  for (int id = 0; id <= int(TypeId::kDouble); ++id) types.push_back(MakeType(TypeId(id)));
  for (TypeId id : {TypeId::kDate32, TypeId::kDate64, TypeId::kUtf8, TypeId::kLargeUtf8, TypeId::kUtf8View, TypeId::kBinary,
                    TypeId::kLargeBinary, TypeId::kBinaryView}) {
    types.push_back(MakeType(id));
  }
  types.push_back(DecimalType(TypeId::kDecimal128, 20, 3));
  types.push_back(DecimalType(TypeId::kDecimal256, 50, -2));
  types.push_back(TimeType(TypeId::kTime32, TimeUnit::kMilli));
  types.push_back(TimeType(TypeId::kTime64, TimeUnit::kNano));
  types.push_back(TimeType(TypeId::kDuration, TimeUnit::kMicro));
  types.push_back(TimestampType(TimeUnit::kSecond));
  types.push_back(TimestampType(TimeUnit::kMicro, "Europe/Athens"));
  types.push_back(FixedSizeBinaryType(7));
  const Field text{"item", MakeType(TypeId::kUtf8), true, {}}, number{"item", MakeType(TypeId::kInt32), true, {}};
  types.push_back(FixedSizeListType({"item", MakeType(TypeId::kFloat), true, {}}, 3));
  types.push_back(FixedSizeListType({"item", MakeType(TypeId::kBool), false, {}}, 5));
  types.push_back(ListType(text));
  types.push_back(LargeListType({"item", ListType(number), true, {}}));
  types.push_back(StructType({{"a", MakeType(TypeId::kInt16), true, {}}, {"b", ListType(text), false, {}}}));
  types.push_back(MapType(MakeType(TypeId::kUtf8), MakeType(TypeId::kDouble)));
  types.push_back(DictionaryType(MakeType(TypeId::kInt8), MakeType(TypeId::kUtf8)));
  types.push_back(DictionaryType(MakeType(TypeId::kUInt32), MakeType(TypeId::kInt64), true));
  types.push_back(FixedSizeListType({"item", StructType({{"x", MakeType(TypeId::kUtf8View), true, {}}}), true, {}}, 2));
  return types;
}

}  // namespace eider::testing
