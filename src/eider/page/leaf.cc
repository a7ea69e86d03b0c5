#include "eider/page/leaf.h"

#include <algorithm>

#include "eider/kernel/levels.h"

namespace eider::page {
namespace {

codec::ValueShape Fixed(uint64_t bits) {
  codec::ValueShape shape;
  shape.kind = codec::ValueShape::Kind::kFixed;
  shape.bits_per_value = bits;
  return shape;
}

codec::ValueShape Variable(uint8_t offset_bytes) {
  codec::ValueShape shape;
  shape.kind = codec::ValueShape::Kind::kVariable;
  shape.offset_bytes = offset_bytes;
  return shape;
}

codec::ValueShape FixedSizeListShape(const DataType& type) {
  codec::ValueShape shape = Fixed(0);
  const DataType* item = &type;
  uint64_t items = 1;
  while (item->id == TypeId::kFixedSizeList) {
    if (item->list_size <= 0 || item->children.empty()) throw Corrupt("fixed-size list of {} items", item->list_size);
    shape.dimensions.push_back(static_cast<uint32_t>(item->list_size));
    items = CheckedMul(items, static_cast<uint64_t>(item->list_size), "fixed-size list");
    item = item->children[0].type.get();
  }
  const uint64_t bits = FixedBitWidth(*item);
  if (bits == 0) throw Unsupported("fixed-size list of {} as a leaf", TypeToString(*item));
  shape.bits_per_value = CheckedMul(items, bits, "fixed-size list");
  return shape;
}

// Fields of a packed struct lie back to back in each value. With nothing but plain fields the rows are a fixed-width value.
codec::ValueShape PackedShape(const DataType& type) {
  codec::ValueShape shape;
  bool plain = true;
  for (const Field& child : type.children) {
    InContext([&] { return fmt::format("packed struct with field '{}'", child.name); }, [&] {
      if (child.type->id == TypeId::kDictionary || child.type->id == TypeId::kNull) {
        throw Unsupported("of type {}", TypeToString(*child.type));
      }
      shape.fields.push_back(ShapeOfType(*child.type));
      if (shape.fields.back().bits_per_value == 1) throw Unsupported("of type bool");
    });
    plain = plain && shape.fields.back().kind == codec::ValueShape::Kind::kFixed && shape.fields.back().dimensions.empty() && child.type->id != TypeId::kStruct;
    if (plain) shape.bits_per_value = CheckedAdd(shape.bits_per_value, shape.fields.back().bits_per_value, "packed struct");
  }
  if (plain) return Fixed(shape.bits_per_value);
  shape.kind = codec::ValueShape::Kind::kPacked;
  shape.bits_per_value = 0;
  return shape;
}

}  // namespace

bool LeafSpec::SameLayout(const LeafSpec& other) const {
  return type->id == other.type->id && shape == other.shape && dictionary_shape == other.dictionary_shape &&
         layers == other.layers && rows_per_row == other.rows_per_row &&
         (type->id != TypeId::kDictionary || TypesEqual(*type->value_type, *other.type->value_type));
}

codec::ValueShape ShapeOfType(const DataType& type) {
  switch (type.id) {
    case TypeId::kNull:
      return Fixed(0);
    case TypeId::kUtf8:
    case TypeId::kBinary:
      return Variable(4);
    case TypeId::kLargeUtf8:
    case TypeId::kLargeBinary:
      return Variable(8);
    case TypeId::kFixedSizeList:
      return FixedSizeListShape(type);
    case TypeId::kStruct:
      return PackedShape(type);
    case TypeId::kDictionary:
      return ShapeOfType(*type.index_type);
    default:
      break;
  }
  const uint64_t bits = FixedBitWidth(type);
  if (bits == 0 && type.id != TypeId::kFixedSizeBinary) throw Unsupported("a leaf of type {}", TypeToString(type));
  return Fixed(bits);
}

void LayerSlots::AppendValid(uint64_t n) {
  length += n;
  if (has_nulls) validity.AppendFill(n, true);
}

void LayerSlots::AppendLevels(std::span<const uint16_t> levels, uint16_t null_level, uint16_t empty_level) {
  if (null_level == 0) return AppendValid(levels.size());
  constexpr size_t kBlock = 1024;
  uint64_t valid[kBlock / 64], empty[kBlock / 64];
  for (size_t at = 0; at < levels.size(); at += kBlock) {
    const std::span<const uint16_t> block = levels.subspan(at, std::min(kBlock, levels.size() - at));
    kernel::LevelsAtMost(block, static_cast<uint16_t>(null_level - 1), valid);
    if (empty_level >= null_level) {
      kernel::LevelsEqual(block, empty_level, empty);
      for (size_t w = 0; w < kernel::MaskWords(block.size()); ++w) valid[w] |= empty[w];
    }
    AppendMask(valid, 0, block.size());
  }
}

void LayerSlots::AppendMask(std::span<const uint64_t> mask, uint64_t first, uint64_t n) {
  const auto* bits = reinterpret_cast<const uint8_t*>(mask.data());
  if (!has_nulls && CountBits(bits, first, n) == n) return AppendValid(n);
  if (!has_nulls) {
    has_nulls = true;
    validity.AppendFill(length, true);
  }
  validity.Append(bits, first, n);
  length += n;
}

void LeafOutput::ReserveRest(double most_times) {
  // Slots of rows may be there before their values.
  const bool has_lists = std::any_of(spec->layers.begin(), spec->layers.end(), [](const LayerSpec& layer) { return layer.is_list; });
  const uint64_t done = has_lists ? layers.back().length : values.num_values;
  if (done == 0 || expected_rows <= done) return;
  const double by_rows = static_cast<double>(expected_rows) / static_cast<double>(done);
  const bool exact = spec->shape.kind == codec::ValueShape::Kind::kFixed && !has_lists;
  const double times = exact ? by_rows : codec::kRoomMargin * std::min(most_times, by_rows);
  const auto room = [times](uint64_t size) { return codec::RoomFor(size, times); };
  values.Reserve(room);
  for (LayerSlots& slots : layers) {
    slots.validity.Reserve(room(slots.validity.size()));
    slots.offsets.Reserve(room(slots.offsets.size()));
  }
}

LeafOutput::LeafOutput(std::shared_ptr<const LeafSpec> leaf)
    : spec(std::move(leaf)), values(spec->shape), layers(spec->layers.size()) {}

}  // namespace eider::page
