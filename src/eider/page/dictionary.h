#pragma once
/// \file
/// Dictionary pages. A page's dictionary becomes values when the column's type is plain; a column of dictionary type keeps
/// its keys, and pages with different dictionaries are unified at the end.

#include "eider/page/leaf.h"

namespace eider::page {

/// A dictionary of so many values, or of as many as there are items, stays whole: keys are categories to the user, who cares for their
/// order and for those that no row has.
constexpr uint64_t kKeptWhole = 1024;

/// The keys appended from now on refer to `dictionary`.
void AddDictionary(const ArrayPtr& dictionary, LeafOutput& out);

/// Appends dictionary[key] for each key; slots of null items (from `first_item` of `items`) become empty.
/// \throws Error(kCorrupt) for a key of a valid item outside the dictionary.
void AppendFromDictionary(const Array& dictionary, const codec::DecodedValues& keys, LayerSlots& items, uint64_t first_item,
                          codec::DecodedValues& out);

/// Appends plain values to a column of dictionary type: the distinct ones become the dictionary of this run. Their levels have
/// been appended from `first_item` on.
void AppendAsDictionary(codec::DecodedValues& values, uint64_t first_item, LeafOutput& out);

/// The array of a leaf of dictionary type.
ArrayPtr FinishDictionary(LeafOutput& leaf);

/// Where pages without a dictionary decode values to: the output itself, or scratch for a column of dictionary type.
class PlainValues {
 public:
  /// Make it before the levels are appended.
  explicit PlainValues(LeafOutput& out);
  codec::DecodedValues& values() { return scratch_ ? *scratch_ : out_.values; }
  /// Call after the levels and all values have been appended.
  void Finish();

 private:
  LeafOutput& out_;
  uint64_t first_item_;
  std::unique_ptr<codec::DecodedValues> scratch_;
};

}  // namespace eider::page
