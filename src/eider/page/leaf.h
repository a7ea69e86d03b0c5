#pragma once
/// \file
/// One leaf column on its way from pages to arrays: what the schema fixes about it (LeafSpec), and what has been decoded so
/// far (LeafOutput). Pages append; assemble.h turns the outputs of all leaves of a field into an Arrow array.

#include <eider/array.h>

#include <memory>
#include <vector>

#include "eider/codec/values.h"
#include "eider/page/layers.h"

namespace eider::page {

struct LeafSpec {
  TypePtr type;                    ///< of the leaf: fixed width, variable, fixed-size list, null, dictionary, packed struct
  codec::ValueShape shape;         ///< of its values; of the keys when `type` is a dictionary
  codec::ValueShape dictionary_shape;  ///< of the dictionary's values, when `type` is a dictionary
  std::vector<LayerSpec> layers;   ///< inner to outer; layers[0] is the leaf itself
  /// Page rows per row of the file: the product of the structural fixed-size lists around the leaf.
  uint64_t rows_per_row = 1;

  bool is_dictionary() const { return type->id == TypeId::kDictionary; }
  /// The bytes of both decode alike.
  bool SameLayout(const LeafSpec& other) const;
};

/// The shape of the values of `type`. \throws Error(kUnsupported) naming a type that is no leaf.
codec::ValueShape ShapeOfType(const DataType& type);

/// Slots of one layer, appended page by page.
struct LayerSlots {
  uint64_t length = 0;
  bool has_nulls = false;    ///< `validity` is kept only from the first null on
  BitBuilder validity;
  uint64_t children = 0;     ///< lists: slots appended inside so far
  BufferBuilder offsets;     ///< lists: where each slot starts, 4 or 8 bytes

  void AppendValid(uint64_t n);
  /// One slot per level: null where level >= null_level and != empty_level. null_level 0: all valid.
  void AppendLevels(std::span<const uint16_t> levels, uint16_t null_level, uint16_t empty_level);
  /// One slot per bit [first, first + n) of `mask`: null where it is 0.
  void AppendMask(std::span<const uint64_t> mask, uint64_t first, uint64_t n);
  bool IsValid(uint64_t i) { return !has_nulls || GetBit(validity.data(), i); }
};

/// A run of values whose keys refer to one dictionary.
struct DictionaryRun {
  uint64_t first_value = 0;
  ArrayPtr dictionary;
};

/// Buffers that the reads of a leaf's pages share: a take touches hundreds of pages for a row or two each. They only grow.
struct LevelScratch {
  std::vector<uint16_t> rep, def;                    ///< levels of one chunk
  std::vector<uint32_t> row_levels, row_values;      ///< where its rows start
  std::vector<uint64_t> row_mask, value_mask;
  std::vector<uint32_t> rows_before, values_before;  ///< ranks of the masks
  std::vector<uint32_t> positions;                   ///< values wanted
  std::vector<ByteSpan> buffers;                     ///< of one chunk

  /// The first `n` elements, uninitialised or left over.
  template <typename T>
  static std::span<T> Take(std::vector<T>& buffer, size_t n) {
    if (buffer.size() < n) buffer.resize(n);
    return std::span(buffer).first(n);
  }
};

/// Levels of rows in lists whose values have been appended, but which have no slots yet (unravel.h).
struct PendingLists {
  const Layers* layers = nullptr;  ///< null: none
  std::vector<uint16_t> rep, def;
};

struct LeafOutput {
  explicit LeafOutput(std::shared_ptr<const LeafSpec> leaf);
  /// Makes room for the rows that are to come, going by those that are here, for at most so many times their number: appending then
  /// moves nothing again.
  void ReserveRest(double most_times);

  std::shared_ptr<const LeafSpec> spec;
  codec::DecodedValues values;
  std::vector<LayerSlots> layers;
  std::vector<DictionaryRun> dictionaries;
  /// When present, spans given to pages point into it, and a page that is plain bytes may set `values.view`.
  Buffer mapping;
  bool may_view = false;
  uint64_t viewed_bytes = 0;
  uint64_t expected_rows = 0;  ///< of the whole read; 0: unknown

  /// Level scratch, reused from chunk to chunk.
  std::vector<uint16_t> rep, def, slot_def;
  LevelScratch scratch;
  PendingLists pending;
};

}  // namespace eider::page
