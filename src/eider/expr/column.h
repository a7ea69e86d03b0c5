#pragma once
/// \file
/// Values during evaluation, how kernels read them and how they make new ones.

#include <eider/array.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eider/array/string_values.h"
#include "eider/array/types.h"
#include "eider/base/bytes.h"
#include "eider/base/memory.h"
#include "eider/expr/text_scope.h"

namespace eider::expr {

using Int128 = __int128;

/// Values of all rows, or (constant) one that stands for all.
struct Column {
  ArrayPtr array;
  bool constant = false;

  const DataType& type() const { return *array->type; }
  bool IsValid(int64_t row) const { return array->IsValid(constant ? 0 : row); }
  int64_t At(int64_t row) const { return constant ? 0 : row; }
};

/// Rows whose value is asked for, one bit each; nullptr: all. What a kernel gives for others does not matter, but it must not throw.
using Live = const uint8_t*;
inline bool IsLive(Live live, int64_t row) { return live == nullptr || GetBit(live, uint64_t(row)); }
/// The bits of `rows` live rows, to be changed.
BufferBuilder CopyLive(Live live, int64_t rows);
inline bool AnyBit(const BufferBuilder& bits, int64_t rows) { return rows > 0 && CountBits(bits.data(), 0, uint64_t(rows)) > 0; }

/// Single values of a column of a fixed-width type.
template <typename T>
class Reader {
 public:
  explicit Reader(const Column& column)
      : data_(column.array->buffers[0].as<T>() + column.array->offset), step_(column.constant ? 0 : 1) {}
  T operator[](int64_t row) const { return LoadLe<T>(reinterpret_cast<const uint8_t*>(data_ + row * step_)); }
  const T* data() const { return data_; }

 private:
  const T* data_;
  int64_t step_;
};

template <>
class Reader<bool> {
 public:
  explicit Reader(const Column& column) : column_(&column) {}
  bool operator[](int64_t row) const {
    return GetBit(column_->array->buffers[0].data(), uint64_t(column_->array->offset + column_->At(row)));
  }

 private:
  const Column* column_;
};

/// Strings and binary of any layout; fixed-size binary too.
template <>
class Reader<std::string_view> {
 public:
  explicit Reader(const Column& column) : column_(&column), values_(*column.array), width_(column.type().byte_width) {}
  std::string_view operator[](int64_t row) const {
    const int64_t at = column_->At(row);
    if (column_->type().id == TypeId::kFixedSizeBinary) {
      return {column_->array->buffers[0].as<char>() + (column_->array->offset + at) * width_, size_t(width_)};
    }
    const ByteSpan bytes = values_.At(at);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  const Column* column_;
  StringValues values_;
  int64_t width_;
};

/// Which items of `items` a row of a list, map or fixed-size list holds.
struct Items {
  const Array* items;
  int64_t first, last;
  int64_t size() const { return last - first; }
};
template <>
class Reader<Items> {
 public:
  explicit Reader(const Column& column) : column_(&column) {}
  Items operator[](int64_t row) const;

 private:
  const Column* column_;
};

/// Arrays in the making. Values under nulls are zero.
template <typename T>
class Builder {
 public:
  explicit Builder(int64_t capacity) : values_(size_t(capacity) * sizeof(T)) {}
  void Append(T value) { values_.AppendValue(value), validity_.AppendBit(true); }
  void AppendNull() { values_.AppendValue(T{}), validity_.AppendBit(false), has_nulls_ = true; }
  ArrayPtr Finish(const TypePtr& type) {
    auto array = std::make_shared<Array>();
    array->type = type;
    array->length = int64_t(validity_.size());
    if (has_nulls_) array->validity = validity_.Finish();
    else array->null_count = 0;
    array->buffers = {values_.Finish()};
    return array;
  }

 private:
  BufferBuilder values_;
  BitBuilder validity_;
  bool has_nulls_ = false;
};
template <>
class Builder<bool> {
 public:
  explicit Builder(int64_t) {}
  void Append(bool value) { values_.AppendBit(value), validity_.AppendBit(true); }
  void AppendNull() { values_.AppendBit(false), validity_.AppendBit(false), has_nulls_ = true; }
  ArrayPtr Finish(const TypePtr& type);

 private:
  BitBuilder values_, validity_;
  bool has_nulls_ = false;
};
/// Bytes of the values of text and binary; 0 of other types.
uint64_t TextBytes(const Array& array);

/// Strings and binary; with 64-bit offsets where the type has them. \throws as TextScope::Require
template <>
class Builder<std::string_view> {
 public:
  explicit Builder(int64_t capacity) { ends_.reserve(size_t(capacity)); }
  void Append(std::string_view value) {
    if (!ends_.empty() && data_.size() + value.size() > most_bytes_) TextScope::Require(data_.size() + value.size());
    data_.Append(value.data(), value.size()), End(true);
  }
  void AppendNull() { has_nulls_ = true, End(false); }
  ArrayPtr Finish(const TypePtr& type);

 private:
  void End(bool valid) { ends_.push_back(data_.size()), validity_.AppendBit(valid); }
  const uint64_t most_bytes_ = TextScope::most_bytes();
  std::vector<uint64_t> ends_;
  BufferBuilder data_;
  BitBuilder validity_;
  bool has_nulls_ = false;
};

/// `rows` bits, all `value`.
Buffer FilledBits(int64_t rows, bool value);
/// Bits of `column` (its validity, or a boolean's values), moved to offset 0 and spread over all rows.
Buffer ValidityBits(const Column& column, int64_t rows);
Buffer ValueBits(const Column& column, int64_t rows);
/// Where all of `columns` are valid; absent when there are no nulls.
Buffer IntersectValidity(std::span<const Column> columns, int64_t rows);
/// A boolean array from bits at offset 0.
ArrayPtr MakeBools(int64_t rows, Buffer values, Buffer validity = {});
/// A fixed-width array from values at offset 0.
ArrayPtr MakeFixed(const TypePtr& type, int64_t rows, Buffer values, Buffer validity = {});
/// The column with one value per row.
ArrayPtr Spread(const Column& column, int64_t rows);
/// The array under another type of the same layout.
ArrayPtr Retype(const ArrayPtr& array, const TypePtr& type);

/// One value as an array of length 1.
template <typename T>
ArrayPtr One(const TypePtr& type, T value) {
  Builder<T> builder(1);
  builder.Append(value);
  return builder.Finish(type);
}

}  // namespace eider::expr
