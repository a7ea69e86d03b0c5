#pragma once
/// \file
/// Brings the items of a shredded leaf together as codec::LeafValues: spans over the input where it is one run, copies
/// otherwise. Views (utf8view, binaryview) become offsets and bytes; dictionaries become indices and one dictionary.

#include <eider/array.h>

#include "eider/codec/values.h"
#include "eider/page/shred.h"

namespace eider::page {

struct GatheredValues {
  codec::LeafValues values;
  std::vector<Buffer> owned;      ///< copies that `values` refers to
  uint64_t max_value_bytes = 0;   ///< longest value (null items aside); fixed width: bytes of one value, rounded up
};

/// Walks the definition levels of a leaf, telling for each item in turn whether it is valid.
class ItemCursor {
 public:
  explicit ItemCursor(const ShreddedLeaf& leaf) : def_(leaf.def_levels()), max_visible_(leaf.max_visible) {}
  bool NextIsValid() {
    if (def_.empty()) return true;
    while (def_[position_] > max_visible_) ++position_;
    return def_[position_++] == 0;
  }

 private:
  const std::span<const uint16_t> def_;
  const uint16_t max_visible_;
  size_t position_ = 0;
};

/// The items of `leaf` whose Arrow type is `type` (not null, not an empty struct, not a dictionary).
GatheredValues Gather(const ShreddedLeaf& leaf, const DataType& type);

/// Nearly all items are null, and there are enough of them to mind.
bool IsSparse(const ShreddedLeaf& leaf);
/// Replaces what lies under null items by zeros, which cost nothing when compressed. Leaves strings and lists as they are.
void ZeroNulls(const ShreddedLeaf& leaf, GatheredValues& gathered);
/// Where most items are null, repeats the value before or behind under each of them: a value with the nulls around it is one run, and
/// few runs are longer than a length can say. Booleans become zeros there.
void HoldValuesOverNulls(const ShreddedLeaf& leaf, GatheredValues& gathered);

struct GatheredDictionary {
  GatheredValues indices;         ///< of the key type; anything within the dictionary under null items
  GatheredValues dictionary;      ///< distinct values: those of a dictionary that stays whole, others in order of first use
  std::vector<bool> used;         ///< which of them an item has
};

/// Nullopt when the distinct values outnumber the key type.
std::optional<GatheredDictionary> GatherDictionary(const ShreddedLeaf& leaf, const DataType& type);

/// Number of distinct values that a key type can name.
uint64_t MaxDictionaryItems(const DataType& key_type);

/// Physical shape of a leaf type.
codec::ValueShape ShapeOf(const DataType& type);

/// Validity of the items as bits, one per item (specials skipped). `leaf` has definition levels.
Buffer ItemValidity(const ShreddedLeaf& leaf);

}  // namespace eider::page
