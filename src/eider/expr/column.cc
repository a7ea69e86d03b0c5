#include "eider/expr/column.h"

#include "eider/array/null_array.h"
#include "eider/array/row_sizes.h"
#include "eider/array/take.h"

namespace eider::expr {
namespace {

Buffer MoveBits(const uint8_t* bits, int64_t offset, int64_t rows) {
  BitBuilder out;
  out.Append(bits, uint64_t(offset), uint64_t(rows));
  return out.Finish();
}

template <typename Offset>
Buffer Offsets(const std::vector<uint64_t>& ends) {
  BufferBuilder out((ends.size() + 1) * sizeof(Offset));
  out.AppendValue(Offset{0});
  for (const uint64_t end : ends) out.AppendValue(Offset(end));
  return out.Finish();
}

}  // namespace

BufferBuilder CopyLive(Live live, int64_t rows) {
  BufferBuilder out;
  const size_t bytes = BytesForBits(uint64_t(rows));
  if (live) out.Append(live, bytes);
  else out.Append(FilledBits(rows, true).span().first(bytes));
  return out;
}

Items Reader<Items>::operator[](int64_t row) const {
  const Array& array = *column_->array;
  const int64_t at = array.offset + column_->At(row);
  switch (array.type->id) {
    case TypeId::kFixedSizeList: return {array.children[0].get(), at * array.type->list_size, (at + 1) * array.type->list_size};
    case TypeId::kLargeList: return {array.children[0].get(), array.buffers[0].as<int64_t>()[at], array.buffers[0].as<int64_t>()[at + 1]};
    default: return {array.children[0].get(), array.buffers[0].as<int32_t>()[at], array.buffers[0].as<int32_t>()[at + 1]};
  }
}

ArrayPtr Builder<bool>::Finish(const TypePtr& type) {
  const int64_t rows = int64_t(values_.size());
  return Retype(MakeBools(rows, values_.Finish(), has_nulls_ ? validity_.Finish() : Buffer()), type);
}

uint64_t TextBytes(const Array& array) {
  const auto size = [&](auto zero) {
    const auto* offsets = array.buffers[0].as<decltype(zero)>() + array.offset;
    return uint64_t(offsets[array.length]) - uint64_t(offsets[0]);
  };
  switch (LayoutOf(array.type->id)) {
    case Layout::kVariable32: return size(int32_t{});
    case Layout::kVariable64: return size(int64_t{});
    default: return 0;
  }
}

ArrayPtr Builder<std::string_view>::Finish(const TypePtr& type) {
  auto array = std::make_shared<Array>();
  array->type = type;
  array->length = int64_t(ends_.size());
  if (has_nulls_) array->validity = validity_.Finish();
  else array->null_count = 0;
  const bool large = LayoutOf(type->id) == Layout::kVariable64;
  TextScope::CountMade(data_.size());
  if (!large && data_.size() > INT32_MAX) throw Invalid("{} bytes of text in one batch: more than {} holds", data_.size(), TypeToString(*type));
  array->buffers = {large ? Offsets<int64_t>(ends_) : Offsets<int32_t>(ends_), data_.Finish()};
  return array;
}

Buffer FilledBits(int64_t rows, bool value) {
  BitBuilder bits;
  bits.AppendFill(uint64_t(rows), value);
  return bits.Finish();
}

Buffer ValidityBits(const Column& column, int64_t rows) {
  const Array& array = *column.array;
  if (column.constant || !array.validity.present()) {
    return FilledBits(rows, column.constant ? array.IsValid(0) : array.type->id != TypeId::kNull);
  }
  return MoveBits(array.validity.data(), array.offset, rows);
}

Buffer ValueBits(const Column& column, int64_t rows) {
  const Array& array = *column.array;
  if (array.type->id == TypeId::kNull) return FilledBits(rows, false);
  if (column.constant) return FilledBits(rows, GetBit(array.buffers[0].data(), uint64_t(array.offset)));
  if (array.offset == 0 && rows == array.length && array.buffers[0].size() >= BytesForBits(uint64_t(rows))) return array.buffers[0];
  return MoveBits(array.buffers[0].data(), array.offset, rows);
}

Buffer IntersectValidity(std::span<const Column> columns, int64_t rows) {
  BufferBuilder out;
  bool started = false;
  for (const Column& column : columns) {
    if (column.type().id != TypeId::kNull && (!column.array->validity.present() || column.array->null_count == 0)) continue;
    if (column.constant && column.array->IsValid(0)) continue;
    const Buffer bits = ValidityBits(column, rows);
    if (!started) {
      out.Append(bits.span().first(BytesForBits(uint64_t(rows))));
      started = true;
      continue;
    }
    for (size_t i = 0; i < out.size(); ++i) out.data()[i] &= bits.data()[i];
  }
  return started ? out.Finish() : Buffer();
}

ArrayPtr MakeFixed(const TypePtr& type, int64_t rows, Buffer values, Buffer validity) {
  auto array = std::make_shared<Array>();
  array->type = type;
  array->length = rows;
  if (!validity.present()) array->null_count = 0;
  array->validity = std::move(validity);
  array->buffers = {std::move(values)};
  return array;
}

ArrayPtr MakeBools(int64_t rows, Buffer values, Buffer validity) {
  return MakeFixed(MakeType(TypeId::kBool), rows, std::move(values), std::move(validity));
}

ArrayPtr Spread(const Column& column, int64_t rows) {
  if (!column.constant) return column.array;
  if (!column.array->IsValid(0)) return MakeNullArray(column.array->type, rows);
  const Layout layout = LayoutOf(column.array->type->id);
  if (layout != Layout::kFixed && layout != Layout::kBits && rows > 1) {
    const uint64_t bytes = uint64_t(rows) * RowSizes(std::span(&column.array, 1))[0];
    TextScope::Require(bytes);
    TextScope::CountMade(bytes);
  }
  return TakeArray(column.array, std::vector<int64_t>(size_t(rows), 0));
}

ArrayPtr Retype(const ArrayPtr& array, const TypePtr& type) {
  auto out = std::make_shared<Array>(*array);
  out->type = type;
  return out;
}

}  // namespace eider::expr
