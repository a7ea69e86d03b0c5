#pragma once
/// \file
/// Turns decoded values into Arrow arrays: the last step of a leaf.

#include "eider/page/leaf.h"

namespace eider::page {

/// An array of `type` over `values` (emptied). `validity` is that of the array itself, absent when nothing is null.
ArrayPtr FinishValues(const TypePtr& type, codec::DecodedValues& values, Buffer validity, int64_t null_count);

/// The array of a leaf, keys resolved to one dictionary when its type is a dictionary. \throws Error(kCorrupt) for a key of a valid item
/// outside its dictionary.
ArrayPtr FinishLeaf(LeafOutput& leaf);

/// The validity bitmap of a layer, absent when nothing is null.
Buffer FinishValidity(LayerSlots& slots);

}  // namespace eider::page
