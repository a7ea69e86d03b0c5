#include "eider/array/row_keys.h"

#include <memory>

#include "eider/array/string_values.h"
#include "eider/array/take.h"
#include "eider/array/types.h"

namespace eider {
namespace {

/// A column and what its values are made of.
struct Prepared {
  ArrayPtr array;
  Layout layout = Layout::kNull;
  std::vector<Prepared> fields;          ///< of a struct
  std::shared_ptr<const RowKeys> items;  ///< of a list, those between the first and the last row
  int64_t first_item = 0;

  std::pair<int64_t, int64_t> ItemsOf(int64_t row) const {
    const int64_t at = array->offset + row;
    if (layout == Layout::kFixedSizeList) return {at * array->type->list_size, (at + 1) * array->type->list_size};
    if (layout == Layout::kList64) return {array->buffers[0].as<int64_t>()[at], array->buffers[0].as<int64_t>()[at + 1]};
    return {array->buffers[0].as<int32_t>()[at], array->buffers[0].as<int32_t>()[at + 1]};
  }
  ByteSpan ItemBytes(int64_t row) const {
    const auto [first, end] = ItemsOf(row);
    return items->Range(first - first_item, end - first_item);
  }
};

Prepared Prepare(const ArrayPtr& array, FloatKeys floats) {
  Prepared out{.array = array, .layout = LayoutOf(array->type->id), .fields = {}, .items = nullptr};
  if (out.layout == Layout::kDictionary) return Prepare(DecodeDictionary(*array), floats);
  if (out.layout == Layout::kStruct) {
    for (size_t i = 0; i < array->children.size(); ++i) out.fields.push_back(Prepare(StructChild(*array, i), floats));
  }
  if (out.layout != Layout::kList32 && out.layout != Layout::kList64 && out.layout != Layout::kFixedSizeList) return out;
  if (array->length > 0) {
    out.first_item = out.ItemsOf(0).first;
    const ArrayPtr window = SliceArray(array->children[0], out.first_item, out.ItemsOf(array->length - 1).second - out.first_item);
    out.items = std::make_shared<const RowKeys>(std::span(&window, 1), window->length, floats);
  }
  return out;
}

/// Calls body(row) for rows that are not null.
template <typename Body>
void ForEachValid(const Array& array, Body&& body) {
  if (array.type->id == TypeId::kNull) return;
  for (int64_t row = 0; row < array.length; ++row) {
    if (array.IsValid(row)) body(row);
  }
}

void AddSizes(const Prepared& column, uint64_t* sizes) {
  const Array& array = *column.array;
  for (int64_t row = 0; row < array.length; ++row) ++sizes[row];
  switch (column.layout) {
    case Layout::kNull: return;
    case Layout::kBits: return ForEachValid(array, [&](int64_t row) { ++sizes[row]; });
    case Layout::kFixed: return ForEachValid(array, [&, width = ByteWidth(*array.type)](int64_t row) { sizes[row] += width; });
    case Layout::kVariable32:
    case Layout::kVariable64:
    case Layout::kView:
      return ForEachValid(array, [&, strings = StringValues(array)](int64_t row) { sizes[row] += 8 + strings.At(row).size(); });
    case Layout::kStruct:
      for (const Prepared& field : column.fields) AddSizes(field, sizes);
      return;
    default: return ForEachValid(array, [&](int64_t row) { sizes[row] += 8 + column.ItemBytes(row).size(); });
  }
}

template <typename T, typename Canonical>
void WriteFixed(const Array& array, uint8_t** out, Canonical&& canonical) {
  const uint8_t* values = array.buffers[0].data() + array.offset * static_cast<int64_t>(sizeof(T));
  ForEachValid(array, [&](int64_t row) {
    StoreLe(out[row], canonical(LoadLe<T>(values + row * static_cast<int64_t>(sizeof(T)))));
    out[row] += sizeof(T);
  });
}

template <typename T>
T CanonicalFloat(T value) { return value != value ? std::numeric_limits<T>::quiet_NaN() : value + T{0}; }

uint16_t CanonicalHalf(uint16_t bits) {
  if ((bits & 0x7FFF) > 0x7C00) return 0x7E00;
  return bits == 0x8000 ? 0 : bits;
}

void WriteFixedLayout(const Array& array, FloatKeys floats, uint8_t** out) {
  const auto same = [](auto value) { return value; };
  const uint64_t width = ByteWidth(*array.type);
  const TypeId type = floats == FloatKeys::kBits ? TypeId::kNull : array.type->id;
  if (type == TypeId::kDouble) return WriteFixed<double>(array, out, CanonicalFloat<double>);
  if (type == TypeId::kFloat) return WriteFixed<float>(array, out, CanonicalFloat<float>);
  if (type == TypeId::kHalfFloat) return WriteFixed<uint16_t>(array, out, CanonicalHalf);
  if (width == 8) return WriteFixed<uint64_t>(array, out, same);
  if (width == 4) return WriteFixed<uint32_t>(array, out, same);
  const uint8_t* values = array.buffers[0].data() + static_cast<uint64_t>(array.offset) * width;
  ForEachValid(array, [&](int64_t row) {
    std::memcpy(out[row], values + static_cast<uint64_t>(row) * width, width);
    out[row] += width;
  });
}

void WriteBytes(uint8_t*& out, uint64_t number, ByteSpan bytes) {
  StoreLe(out, number);
  if (!bytes.empty()) std::memcpy(out + 8, bytes.data(), bytes.size());
  out += 8 + bytes.size();
}

void Write(const Prepared& column, FloatKeys floats, uint8_t** out) {
  const Array& array = *column.array;
  for (int64_t row = 0; row < array.length; ++row) *out[row]++ = array.IsValid(row);
  switch (column.layout) {
    case Layout::kNull: return;
    case Layout::kBits:
      return ForEachValid(array, [&](int64_t row) { *out[row]++ = GetBit(array.buffers[0].data(), static_cast<uint64_t>(array.offset + row)); });
    case Layout::kFixed: return WriteFixedLayout(array, floats, out);
    case Layout::kVariable32:
    case Layout::kVariable64:
    case Layout::kView:
      return ForEachValid(array, [&, strings = StringValues(array)](int64_t row) { WriteBytes(out[row], strings.At(row).size(), strings.At(row)); });
    case Layout::kStruct:
      for (const Prepared& field : column.fields) Write(field, floats, out);
      return;
    default:
      return ForEachValid(array, [&](int64_t row) {
        const auto [first, end] = column.ItemsOf(row);
        WriteBytes(out[row], static_cast<uint64_t>(end - first), column.ItemBytes(row));
      });
  }
}

}  // namespace

RowKeys::RowKeys(std::span<const ArrayPtr> columns, int64_t num_rows, FloatKeys floats) : starts_(static_cast<size_t>(num_rows) + 1) {
  std::vector<Prepared> prepared;
  for (const ArrayPtr& column : columns) prepared.push_back(Prepare(column, floats));
  for (const Prepared& column : prepared) AddSizes(column, starts_.data());
  uint64_t total = 0;
  for (uint64_t& start : starts_) {
    const uint64_t size = start;
    start = total;
    total += size;
  }
  bytes_.Resize(total);
  std::vector<uint8_t*> out(static_cast<size_t>(num_rows));
  for (size_t row = 0; row < out.size(); ++row) out[row] = bytes_.data() + starts_[row];
  for (const Prepared& column : prepared) Write(column, floats, out.data());
}

}  // namespace eider
