#include "eider/page/gather_packed.h"

#include <limits>

#include "eider/array/string_values.h"
#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/proto/encodings21.pb.h"

namespace eider::page {
namespace {

using ::lance::encodings21::CompressiveEncoding;

enum class FieldForm : uint8_t { kPlain, kFixedSizeList, kVariable, kRow, kOther };

FieldForm FormOf(const DataType& type) {
  switch (type.id) {
    case TypeId::kUtf8: case TypeId::kLargeUtf8: case TypeId::kUtf8View:
    case TypeId::kBinary: case TypeId::kLargeBinary: case TypeId::kBinaryView: return FieldForm::kVariable;
    case TypeId::kStruct: return FieldForm::kRow;
    case TypeId::kFixedSizeList: return FixedBitWidth(type) > 0 && FixedBitWidth(type) % 8 == 0 ? FieldForm::kFixedSizeList : FieldForm::kOther;
    case TypeId::kDictionary: return FieldForm::kOther;
    default: return FixedBitWidth(type) > 0 && FixedBitWidth(type) % 8 == 0 ? FieldForm::kPlain : FieldForm::kOther;
  }
}

void Describe(const DataType& type, CompressiveEncoding* encoding) {
  const FieldForm form = FormOf(type);
  if (form == FieldForm::kPlain) {
    encoding->mutable_flat()->set_bits_per_value(FixedBitWidth(type));
  } else if (form == FieldForm::kFixedSizeList) {
    auto* list = encoding->mutable_fixed_size_list();
    list->set_items_per_value(static_cast<uint64_t>(type.list_size));
    Describe(*type.children[0].type, list->mutable_values());
  } else if (form == FieldForm::kVariable) {
    encoding->mutable_variable()->mutable_offsets()->mutable_flat()->set_bits_per_value(8u * ShapeOf(type).offset_bytes);
  } else {
    for (const Field& child : type.children) {
      auto* field = encoding->mutable_variable_packed_struct()->add_fields();
      Describe(*child.type, field->mutable_value());
      const FieldForm child_form = FormOf(*child.type);
      if (child_form == FieldForm::kVariable) field->set_bits_per_length(8u * ShapeOf(*child.type).offset_bytes);
      else if (child_form == FieldForm::kRow) field->set_bits_per_length(32);
      else field->set_bits_per_value(FixedBitWidth(*child.type));
    }
  }
}

/// Appends values of a row one by one. `i` counts from the array's offset.
class RowWriter {
 public:
  explicit RowWriter(BufferBuilder& out) : out_(out) {}

  void AppendFields(const Array& row, int64_t i) {
    for (size_t k = 0; k < row.children.size(); ++k) {
      const Array& child = *row.children[k];
      const int64_t at = row.offset + i;
      if (!child.IsValid(at)) {
        throw Invalid("packed struct: field '{}' is null in a struct that is not: packed structs hold no such nulls", row.type->children[k].name);
      }
      AppendValue(child, at);
    }
  }

 private:
  void AppendValue(const Array& array, int64_t i) {
    switch (FormOf(*array.type)) {
      case FieldForm::kPlain: return AppendPlain(array, i, 1);
      case FieldForm::kFixedSizeList: return AppendItems(array, i, 1);
      case FieldForm::kVariable: {
        const ByteSpan value = StringValues(array).At(i);
        const uint64_t size = value.size();
        out_.Append(&size, ShapeOf(*array.type).offset_bytes);
        return out_.Append(value);
      }
      default: {
        const size_t length_at = out_.size();
        out_.AppendValue<uint32_t>(0);
        AppendFields(array, i);
        const uint64_t length = out_.size() - length_at - 4;
        if (length > UINT32_MAX) throw Invalid("packed struct: a row of {} bytes", length);
        std::memcpy(out_.data() + length_at, &length, 4);
      }
    }
  }
  void AppendPlain(const Array& array, int64_t i, int64_t n) {
    const uint64_t width = FixedBitWidth(*array.type) / 8;
    out_.Append(array.buffers[0].data() + static_cast<uint64_t>(array.offset + i) * width, static_cast<uint64_t>(n) * width);
  }
  void AppendItems(const Array& list, int64_t i, int64_t n) {
    const Array& items = *list.children[0];
    const int64_t first = (list.offset + i) * list.type->list_size, count = n * list.type->list_size;
    for (int64_t k = 0; k < count; ++k) {
      if (!items.IsValid(first + k)) throw Unsupported("packed struct: a null item in a fixed-size list");
    }
    if (items.type->id == TypeId::kFixedSizeList) return AppendItems(items, first, count);
    if (items.type->id != TypeId::kBool) return AppendPlain(items, first, count);
    BitBuilder bits;
    bits.Append(items.buffers[0].data(), static_cast<uint64_t>(items.offset + first), static_cast<uint64_t>(count));
    out_.Append(bits.Finish().span());
  }

  BufferBuilder& out_;
};

}  // namespace

bool IsPlainPacked(const DataType& type) {
  for (const Field& child : type.children) {
    if (FormOf(*child.type) != FieldForm::kPlain) return false;
  }
  return true;
}

void RequirePackable(const DataType& type) {
  for (const Field& child : type.children) {
    const FieldForm form = FormOf(*child.type);
    if (form == FieldForm::kOther || (form == FieldForm::kRow && child.type->children.empty())) {
      throw Unsupported("packed struct with field '{}' of type {}", child.name, TypeToString(*child.type));
    }
    if (form == FieldForm::kRow) RequirePackable(*child.type);
    if (form == FieldForm::kRow && IsPlainPacked(*child.type)) {
      throw Unsupported("packed struct with field '{}', a struct of nothing but fixed-width fields", child.name);
    }
  }
}

GatheredValues GatherPacked(const ShreddedLeaf& leaf, const DataType& type) {
  GatheredValues out;
  const bool plain = IsPlainPacked(type);
  if (plain) {
    for (const Field& child : type.children) out.values.packed_bits.push_back(FixedBitWidth(*child.type));
    for (const uint64_t bits : out.values.packed_bits) out.values.shape.bits_per_value += bits;
  } else {
    out.values.shape.kind = codec::ValueShape::Kind::kVariable;
    auto encoding = std::make_shared<CompressiveEncoding>();
    Describe(type, encoding.get());
    out.values.row_encoding = std::move(encoding);
  }
  out.values.num_values = leaf.num_items;
  const uint64_t row_bytes = out.values.shape.bits_per_value / 8;
  BufferBuilder rows(leaf.num_items * row_bytes), offsets(plain ? 0 : (leaf.num_items + 1) * 4);
  if (!plain) offsets.AppendValue<uint32_t>(0);
  RowWriter writer(rows);
  ItemCursor cursor(leaf);
  for (const LeafRun& run : leaf.runs) {
    for (int64_t i = 0; i < run.length; ++i) {
      const size_t before = rows.size();
      if (cursor.NextIsValid()) writer.AppendFields(*run.array, run.start + i);
      else rows.AppendFill(row_bytes, 0);
      out.max_value_bytes = std::max<uint64_t>(out.max_value_bytes, rows.size() - before);
      if (rows.size() > INT32_MAX) throw Invalid("packed struct: rows of more than {} bytes in one page", INT32_MAX);
      if (!plain) offsets.AppendValue(static_cast<uint32_t>(rows.size()));
    }
  }
  out.owned.push_back(rows.Finish());
  out.values.data = out.owned.back().span();
  if (plain) return out;
  out.owned.push_back(offsets.Finish());
  out.values.offsets = out.owned.back().span();
  return out;
}

}  // namespace eider::page
