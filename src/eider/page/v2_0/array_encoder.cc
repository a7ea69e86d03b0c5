#include "eider/page/v2_0/array_encoder.h"

#include <cstring>

#include "eider/array/concat.h"
#include "eider/array/null_array.h"
#include "eider/array/take.h"
#include "eider/array/types.h"
#include "eider/base/memory.h"
#include "eider/page/gather_packed.h"
#include "eider/page/v2_0/array_encoding.h"
#include "eider/schema/blob_columns.h"

namespace eider::page::v2_0 {
namespace {

namespace proto = ::lance::encodings;
using proto::ArrayEncoding;

class ColumnFinder {
 public:
  void Visit(const LanceField& field, const Field& arrow, const std::string& path) {
    const DataType& type = *arrow.type;
    Check(field, type, path);
    ColumnLeaf column{.path = path, .field_id = field.id, .type = arrow.type, .steps = steps_};
    column.options.compression.version_minor = 0;
    column.options.describes_blobs = BlobFormOf(field) == BlobForm::kV1;
    column.options.packs_fields = type.id == TypeId::kStruct && field.IsLeaf() && !field.children.empty();
    columns_.push_back(std::move(column));
    if (field.IsLeaf()) return;
    for (size_t i = 0; i < field.children.size(); ++i) {
      steps_.push_back({type.id == TypeId::kStruct ? PathStep::Kind::kStruct : PathStep::Kind::kList, static_cast<int>(i)});
      Visit(field.children[i], type.children[i], path + "." + field.children[i].name);
      steps_.pop_back();
    }
  }
  std::vector<ColumnLeaf> Take() { return std::move(columns_); }

 private:
  static void Check(const LanceField& field, const DataType& type, const std::string& path) {
    const DataType* item = &type;
    while (item->id == TypeId::kFixedSizeList) item = item->children[0].type.get();
    const bool lists_of_structs = item != &type && item->id == TypeId::kStruct;
    const bool no_bytes = item->id == TypeId::kFixedSizeBinary && item->byte_width == 0;
    if (type.id == TypeId::kMap || lists_of_structs || no_bytes) {
      throw Unsupported("field '{}': {} needs file version 2.2 or later", path, TypeToString(type));
    }
    const bool packed = type.id == TypeId::kStruct && field.IsLeaf() && !field.children.empty();
    if (packed && !IsPlainPacked(type)) {
      throw Unsupported("field '{}': a packed struct of fields that are not fixed-width values needs file version 2.2 or later", path);
    }
  }

  std::vector<PathStep> steps_;
  std::vector<ColumnLeaf> columns_;
};

template <typename Offset>
ArrayPtr ListItems(const Array& list) {
  const Offset* offsets = list.buffers[0].as<Offset>() + list.offset;
  const ArrayPtr& items = list.children[0];
  bool garbage = false;
  for (int64_t i = 0; i < list.length && !garbage; ++i) garbage = !list.IsValid(i) && offsets[i + 1] > offsets[i];
  if (!garbage) return SliceArray(items, offsets[0], offsets[list.length] - offsets[0]);
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < list.length; ++i) {
    for (Offset k = offsets[i]; list.IsValid(i) && k < offsets[i + 1]; ++k) kept.push_back(k);
  }
  return TakeArray(items, kept);
}

/// The items of all lists that are not null.
ArrayPtr ItemsOf(const Array& list) {
  if (list.length == 0) return SliceArray(list.children[0], 0, 0);
  return list.type->id == TypeId::kLargeList ? ListItems<int64_t>(list) : ListItems<int32_t>(list);
}

/// The array of a column within one piece of its top-level field.
ArrayPtr Descend(ArrayPtr array, const ColumnLeaf& column) {
  for (const PathStep& step : column.steps) {
    if (step.kind == PathStep::Kind::kList) {
      array = ItemsOf(*array);
    } else {
      array = SliceArray(array->children[static_cast<size_t>(step.child)], array->offset, array->length);
    }
  }
  return array;
}

class PageMaker {
 public:
  /// `array` is all of the page.
  explicit PageMaker(const Array& array, const PageOptions& options = {}) {
    encoding_ = options.packs_fields ? EncodePacked(array, options.describes_blobs) : Encode(array);
  }

  EncodedPage Take(uint64_t num_rows) {
    page_.num_rows = num_rows;
    page_.array_encoding = encoding_.SerializeAsString();
    return std::move(page_);
  }

 private:
  ArrayEncoding Encode(const Array& array) {
    switch (LayoutOf(array.type->id)) {
      case Layout::kStruct: return Struct();
      case Layout::kList32: return EncodeLists<int32_t>(array);
      case Layout::kList64: return EncodeLists<int64_t>(array);
      case Layout::kVariable32: return EncodeStrings<int32_t>(array);
      case Layout::kVariable64: return EncodeStrings<int64_t>(array);
      case Layout::kDictionary: return EncodeDictionary(array);
      case Layout::kNull: return AllNull();
      case Layout::kView: throw Unsupported("views in a 2.0 page");  // made into offsets before
      default: return EncodeNullable(array);
    }
  }

  proto::Buffer AddBuffer(BufferBuilder bytes) {
    proto::Buffer reference;
    reference.set_buffer_index(static_cast<uint32_t>(page_.buffers.size()));
    page_.buffers.push_back(PageBuffer::Of(std::move(bytes)));
    return reference;
  }
  ArrayEncoding AddFlat(uint64_t bits, BufferBuilder bytes) {
    ArrayEncoding encoding;
    encoding.mutable_flat()->set_bits_per_value(bits);
    *encoding.mutable_flat()->mutable_buffer() = AddBuffer(std::move(bytes));
    return encoding;
  }
  ArrayEncoding AddBits(const uint8_t* bits, int64_t offset, int64_t count) {
    BufferBuilder bytes;
    bytes.AppendFill(BytesForBits(static_cast<uint64_t>(count)), 0);
    if (count > 0) CopyBits(bits, static_cast<uint64_t>(offset), bytes.data(), 0, static_cast<uint64_t>(count));
    return AddFlat(1, std::move(bytes));
  }
  static ArrayEncoding AllNull() {
    ArrayEncoding encoding;
    encoding.mutable_nullable()->mutable_all_nulls();
    return encoding;
  }
  static ArrayEncoding NoNulls(ArrayEncoding values) {
    ArrayEncoding encoding;
    *encoding.mutable_nullable()->mutable_no_nulls()->mutable_values() = std::move(values);
    return encoding;
  }

  /// The fields of each row back to back. A blob that is null has the position 1 and no bytes.
  ArrayEncoding EncodePacked(const Array& array, bool blobs) {
    ArrayEncoding encoding;
    uint64_t row_bytes = 0;
    for (const Field& child : array.type->children) {
      const uint64_t bits = FixedBitWidth(*child.type);
      ArrayEncoding flat;
      flat.mutable_flat()->set_bits_per_value(bits);
      flat.mutable_flat()->mutable_buffer();
      *encoding.mutable_packed_struct()->add_inner() = NoNulls(std::move(flat));
      row_bytes += bits / 8;
    }
    BufferBuilder rows(static_cast<uint64_t>(array.length) * row_bytes);
    for (int64_t i = 0; i < array.length; ++i) {
      if (array.IsValid(i)) {
        AppendFields(array, i, rows);
      } else if (blobs) {
        for (const uint64_t word : {uint64_t{1}, uint64_t{0}}) rows.AppendValue<uint64_t>(word);
      } else {
        throw Unsupported("null structs need file version 2.1 or later");
      }
    }
    *encoding.mutable_packed_struct()->mutable_buffer() = AddBuffer(std::move(rows));
    return encoding;
  }
  static void AppendFields(const Array& array, int64_t row, BufferBuilder& rows) {
    for (size_t k = 0; k < array.children.size(); ++k) {
      const Array& child = *array.children[k];
      const int64_t at = array.offset + row;
      if (!child.IsValid(at)) {
        throw Invalid("packed struct: field '{}' is null in a struct that is not: packed structs hold no such nulls", array.type->children[k].name);
      }
      const uint64_t width = FixedBitWidth(*child.type) / 8;
      rows.Append(child.buffers[0].data() + static_cast<uint64_t>(child.offset + at) * width, width);
    }
  }

  ArrayEncoding EncodeNullable(const Array& array) {
    const int64_t nulls = CountNulls(array);
    if (nulls == array.length && nulls > 0) return AllNull();
    if (nulls == 0) return NoNulls(EncodeValues(array));
    ArrayEncoding encoding;
    auto* some = encoding.mutable_nullable()->mutable_some_nulls();
    *some->mutable_validity() = AddBits(array.validity.data(), array.offset, array.length);
    *some->mutable_values() = EncodeValues(array);
    return encoding;
  }

  ArrayEncoding EncodeValues(const Array& array) {
    if (array.type->id == TypeId::kFixedSizeList) {
      ArrayEncoding encoding;
      const int64_t size = array.type->list_size;
      encoding.mutable_fixed_size_list()->set_dimension(static_cast<uint32_t>(size));
      *encoding.mutable_fixed_size_list()->mutable_items() =
          EncodeNullable(*SliceArray(array.children[0], array.offset * size, array.length * size));
      return encoding;
    }
    if (array.type->id == TypeId::kBool) return AddBits(array.buffers[0].data(), array.offset, array.length);
    const uint64_t bits = FixedBitWidth(*array.type);
    BufferBuilder bytes;
    bytes.Append(array.buffers[0].data() + static_cast<uint64_t>(array.offset) * bits / 8, static_cast<uint64_t>(array.length) * bits / 8);
    return AddFlat(bits, std::move(bytes));
  }

  template <typename Offset>
  ArrayEncoding EncodeStrings(const Array& array) {
    const Offset* offsets = array.buffers[0].as<Offset>() + array.offset;
    BufferBuilder ends, bytes;
    const uint64_t null_adjustment = MakeEnds(array, offsets, ends);
    for (int64_t i = 0; i < array.length; ++i) {
      if (array.IsValid(i)) bytes.Append(array.buffers[1].data() + offsets[i], static_cast<size_t>(offsets[i + 1] - offsets[i]));
    }
    ArrayEncoding encoding;
    encoding.mutable_binary()->set_null_adjustment(null_adjustment);
    *encoding.mutable_binary()->mutable_indices() = NoNulls(AddFlat(64, std::move(ends)));
    *encoding.mutable_binary()->mutable_bytes() = AddFlat(8, std::move(bytes));
    return encoding;
  }

  template <typename Offset>
  ArrayEncoding EncodeLists(const Array& array) {
    BufferBuilder ends;
    const uint64_t adjustment = MakeEnds(array, array.buffers[0].as<Offset>() + array.offset, ends);
    ArrayEncoding encoding;
    encoding.mutable_list()->set_null_offset_adjustment(adjustment);
    encoding.mutable_list()->set_num_items(adjustment - 1);
    *encoding.mutable_list()->mutable_offsets() = NoNulls(AddFlat(64, std::move(ends)));
    return encoding;
  }

  /// Ends of the values that are not null, those of nulls moved beyond all others; returns by how much.
  template <typename Offset>
  static uint64_t MakeEnds(const Array& array, const Offset* offsets, BufferBuilder& ends) {
    uint64_t total = 0;
    for (int64_t i = 0; i < array.length; ++i) {
      if (array.IsValid(i)) total += static_cast<uint64_t>(offsets[i + 1] - offsets[i]);
    }
    uint64_t end = 0;
    for (int64_t i = 0; i < array.length; ++i) {
      const bool valid = array.IsValid(i);
      if (valid) end += static_cast<uint64_t>(offsets[i + 1] - offsets[i]);
      ends.AppendValue<uint64_t>(valid ? end : end + total + 1);
    }
    return total + 1;
  }

  ArrayEncoding EncodeDictionary(const Array& array) {
    const uint64_t width = FixedBitWidth(*array.type->index_type) / 8, items = static_cast<uint64_t>(array.dictionary->length);
    const bool has_nulls = CountNulls(array) > 0;
    // Signed keys name half as many.
    const bool is_signed = array.type->index_type->id <= TypeId::kInt64;
    const uint64_t limit = width == 8 ? INT64_MAX : (uint64_t{1} << (8 * width - is_signed));
    if (items + has_nulls > limit) {
      throw Invalid("{} dictionary values and null do not fit keys of {}", items, TypeToString(*array.type->index_type));
    }
    BufferBuilder keys;
    const uint8_t* from = array.buffers[0].data() + static_cast<uint64_t>(array.offset) * width;
    for (int64_t i = 0; i < array.length; ++i) {
      uint64_t key = items;
      if (array.IsValid(i)) {
        key = 0;
        std::memcpy(&key, from + static_cast<uint64_t>(i) * width, width);
        if (key >= items) throw Invalid("dictionary key {} of a dictionary of {} values", key, items);
      }
      keys.Append(&key, width);
    }
    ArrayPtr dictionary = array.dictionary;
    if (has_nulls) {
      const ArrayPtr parts[] = {dictionary, MakeNullArray(dictionary->type, 1)};
      dictionary = ConcatArrays(parts);
    }
    ArrayEncoding encoding;
    *encoding.mutable_dictionary()->mutable_indices() = NoNulls(AddFlat(8 * width, std::move(keys)));
    *encoding.mutable_dictionary()->mutable_items() = Encode(*dictionary);
    encoding.mutable_dictionary()->set_num_dictionary_items(static_cast<uint32_t>(dictionary->length));
    return encoding;
  }

  static ArrayEncoding Struct() {
    ArrayEncoding encoding;
    encoding.mutable_struct_();
    return encoding;
  }

  EncodedPage page_;
  ArrayEncoding encoding_;
};

/// Offsets and bytes of an array of views.
ArrayPtr WithoutViews(const ArrayPtr& array) {
  const TypeId id = array->type->id;
  if (id != TypeId::kUtf8View && id != TypeId::kBinaryView) return array;
  BufferBuilder offsets, data;
  offsets.AppendValue<int64_t>(0);
  for (int64_t i = 0; i < array->length; ++i) {
    const uint8_t* view = array->buffers[0].data() + 16 * (array->offset + i);
    const int32_t size = array->IsValid(i) ? LoadLe<int32_t>(view) : 0;
    if (size > 12) {
      data.Append(array->buffers[static_cast<size_t>(1 + LoadLe<int32_t>(view + 8))].data() + LoadLe<int32_t>(view + 12), static_cast<size_t>(size));
    } else {
      data.Append(view + 4, static_cast<size_t>(size));
    }
    offsets.AppendValue<int64_t>(static_cast<int64_t>(data.size()));
  }
  auto plain = std::make_shared<Array>();
  plain->type = MakeType(id == TypeId::kUtf8View ? TypeId::kLargeUtf8 : TypeId::kLargeBinary);
  plain->length = array->length;
  plain->buffers = {offsets.Finish(), data.Finish()};
  if (CountNulls(*array) > 0) {
    BitBuilder bits;
    bits.Append(array->validity.data(), static_cast<uint64_t>(array->offset), static_cast<uint64_t>(array->length));
    plain->validity = bits.Finish();
  }
  return plain;
}

}  // namespace

std::vector<ColumnLeaf> FindArrayColumns(const LanceField& field, const Field& arrow) {
  ColumnFinder finder;
  finder.Visit(field, arrow, field.name);
  return finder.Take();
}

std::optional<EncodedPage> EncodeArrayPage(std::span<const ArrayPtr> pieces, const ColumnLeaf& column) {
  return InContext([&] { return fmt::format("column '{}'", column.path); }, [&]() -> std::optional<EncodedPage> {
    std::vector<ArrayPtr> arrays;
    for (const ArrayPtr& piece : pieces) {
      ArrayPtr array = WithoutViews(Descend(piece, column));
      if (array->type->id == TypeId::kStruct && !column.options.packs_fields && CountNulls(*array) > 0) throw Unsupported("null structs need file version 2.1 or later");
      if (array->length > 0) arrays.push_back(std::move(array));
    }
    // The reference wants a page of structs even where there are none.
    if (arrays.empty() && column.type->id == TypeId::kStruct && !column.options.packs_fields) return PageMaker(*MakeNullArray(column.type, 0)).Take(0);
    if (arrays.empty()) return std::nullopt;
    const ArrayPtr all = ConcatArrays(arrays);
    return PageMaker(*all, column.options).Take(static_cast<uint64_t>(all->length));
  });
}

}  // namespace eider::page::v2_0
