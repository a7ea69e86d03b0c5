#pragma once
/// \file
/// Just enough of the flatbuffer layout for the metadata of Arrow IPC files. Reading is total on hostile bytes.
///
///     root:   | u32 offset of the root table |
///     table:  | i32 distance back to its vtable | fields... |
///     vtable: | u16 vtable bytes | u16 table bytes | u16 offset of field 0 in the table, 0 = absent | ... |
///     vector, string: | u32 count | elements... |, referred to by a u32 distance from the reference

#include <initializer_list>
#include <string_view>
#include <vector>

#include "eider/base/bytes.h"

namespace eider {

/// A position in untrusted bytes that is taken to be a table.
class FlatTable {
 public:
  static FlatTable Root(ByteSpan bytes);

  bool Has(unsigned field) const { return FieldAt(field) != 0; }
  template <typename T>
  T Scalar(unsigned field, T fallback) const {
    const uint64_t at = FieldAt(field);
    return at ? ReadLe<T>(bytes_, at, "flatbuffer field") : fallback;
  }
  /// \throws Error(kCorrupt) when absent.
  FlatTable Table(unsigned field) const;
  std::string_view String(unsigned field) const;  ///< "" when absent
  /// The elements of a vector of structs or scalars, `element_bytes` each; empty when absent.
  ByteSpan Vector(unsigned field, uint64_t element_bytes) const;
  std::vector<FlatTable> Tables(unsigned field) const;

 private:
  FlatTable(ByteSpan bytes, uint64_t at);
  uint64_t FieldAt(unsigned field) const;
  uint64_t Follow(uint64_t reference) const;

  ByteSpan bytes_;
  uint64_t at_;
  uint64_t vtable_;
  uint16_t vtable_bytes_;
};

/// Writes tables front to back: a table first, then what it refers to.
class FlatBuilder {
 public:
  FlatBuilder() { Align(8), bytes_.resize(8); }

  struct Slot {
    unsigned field;
    unsigned bytes;  ///< 1, 2, 4 or 8; references take 4
    uint64_t value;
  };
  /// Appends a table; returns the position of each slot, in the order given.
  std::vector<size_t> Table(std::initializer_list<Slot> slots);
  /// Appends a table and makes the reference at `reference` point to it.
  std::vector<size_t> TableAt(size_t reference, std::initializer_list<Slot> slots);
  void StringAt(size_t reference, std::string_view text);
  /// A vector of structs of 8-byte aligned words.
  void WordsAt(size_t reference, uint64_t num_elements, const std::vector<uint64_t>& words);
  /// A vector of `n` references; returns their positions.
  std::vector<size_t> ReferencesAt(size_t reference, size_t n);
  /// The root table is the first one. Padded to 8 bytes.
  std::vector<uint8_t> Finish();

 private:
  void Align(size_t n) { bytes_.resize(AlignUp(bytes_.size(), n)); }
  template <typename T>
  void Append(T v) {
    bytes_.resize(bytes_.size() + sizeof v);
    StoreLe<T>(bytes_.data() + bytes_.size() - sizeof v, v);
  }
  void Point(size_t reference, size_t target) { StoreLe<uint32_t>(bytes_.data() + reference, uint32_t(target - reference)); }

  std::vector<uint8_t> bytes_;
  size_t table_start_ = 0;
  bool has_root_ = false;
};

}  // namespace eider
