#pragma once
/// \file
/// Leaf values on their way between pages and arrays, in Arrow layout: what decompressors append to and compressors read
/// from. A "value" here is a visible item: null items keep a slot (its bytes are arbitrary, empty when variable).

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "eider/base/bytes.h"
#include "eider/base/memory.h"

namespace lance::encodings21 {
class CompressiveEncoding;
}

namespace eider::codec {

/// The physical shape of a leaf, fixed by its logical type.
struct ValueShape {
  /// kPacked: a packed struct whose rows cannot be taken apart by arithmetic, because a field is no plain fixed-width value.
  enum class Kind : uint8_t { kFixed, kVariable, kPacked };
  Kind kind = Kind::kFixed;
  uint64_t bits_per_value = 0;       ///< kFixed: 1 for bool, 8 x bytes otherwise; fixed-size lists: all their items
  uint8_t offset_bytes = 4;          ///< kVariable: 4 or 8, of the Arrow type
  std::vector<uint32_t> dimensions;  ///< fixed-size list layers, outermost first; empty for plain values
  std::vector<ValueShape> fields;    ///< kPacked

  bool operator==(const ValueShape&) const = default;
};

/// Room for a buffer of `size` bytes (or bits) that is expected to become `times` as large. What comes may be unlike what is there,
/// so this asks for 64 MiB more at most.
uint64_t RoomFor(uint64_t size, double times);
/// Beside an estimate, not to be short of it by little.
constexpr double kRoomMargin = 1.04;

/// Values being decoded. Fixed: `data`, or `bits` when a value is not whole bytes (is_bits(): booleans, lists of booleans).
/// Variable: `offsets` (n + 1 of offset_bytes, the first is 0, there from the start) and `data`. Fixed-size lists whose
/// elements may be null: fsl_validity[k] holds one bit per element of layer k (product of dimensions[0..k] bits per value),
/// or is empty while no page said that anything may be null. Packed: one value in each of `fields` per row.
struct DecodedValues {
  explicit DecodedValues(ValueShape value_shape);
  ValueShape shape;
  uint64_t num_values = 0;
  BufferBuilder data;
  BufferBuilder offsets;
  BitBuilder bits;
  std::vector<BitBuilder> fsl_validity;
  std::vector<DecodedValues> fields;
  /// When set, `data` is not used: the values are these bytes of the file (zero copy). Only ever set on an empty object.
  Buffer view;

  /// Room for `n` fixed-width values of whole bytes: returns where to write, and counts them.
  uint8_t* ExtendFixed(uint64_t n) { num_values += n; return data.Extend(n * (shape.bits_per_value / 8)); }
  /// Appends one variable-width value. \throws Error(kInvalid) when 32-bit offsets would overflow.
  void AppendVariable(ByteSpan value);
  /// Makes room in each buffer for room(its size).
  void Reserve(const std::function<uint64_t(uint64_t)>& room);
  /// `n` empty / zero values (slots of nulls).
  void AppendEmpty(uint64_t n);

  bool is_bits() const { return shape.kind == ValueShape::Kind::kFixed && shape.bits_per_value % 8 != 0; }
  /// Bits of layer `layer` per value.
  uint64_t ElementsPerValue(size_t layer) const;
  /// Element validity of `n` values that are about to be appended: before num_values grows.
  void AppendElementValidity(size_t layer, const uint8_t* validity, uint64_t offset, uint64_t n);
  void AppendElementsValid(size_t layer, uint64_t n);
  /// \throws Error(kInvalid) when `end` does not fit the offsets.
  void CheckOffset(uint64_t end) const;
};

/// Values to encode: spans over Arrow buffers, already trimmed to the visible items.
struct LeafValues {
  ValueShape shape;
  uint64_t num_values = 0;
  ByteSpan data;       ///< fixed: num_values x bytes; bool: bits from bit_offset; variable: the bytes that offsets refer to
  uint64_t bit_offset = 0;
  ByteSpan offsets;    ///< variable: num_values + 1 offsets of shape.offset_bytes; the first need not be 0
  std::vector<ByteSpan> fsl_validity;  ///< per fixed-size-list layer: bits from bit 0, or empty when all valid
  /// Rows of a packed struct that only full-zip pages hold: how they are made (data and offsets are those of the rows).
  std::shared_ptr<const ::lance::encodings21::CompressiveEncoding> row_encoding;
  std::vector<uint64_t> packed_bits;   ///< packed structs: the width of each field (rows are kFixed); empty otherwise
  ByteSpan null_bits;  ///< LSB-first validity of the items themselves (from bit 0), empty when all valid: statistics only

  uint64_t Offset(uint64_t i) const {
    return shape.offset_bytes == 4 ? LoadLe<uint32_t>(offsets.data() + 4 * i) : LoadLe<uint64_t>(offsets.data() + 8 * i);
  }
  ByteSpan Value(uint64_t i) const { return data.subspan(Offset(i), Offset(i + 1) - Offset(i)); }
};

}  // namespace eider::codec
