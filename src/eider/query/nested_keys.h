#pragma once
/// \file
/// Lists, structs and maps as keys to sort by: bytes that compare as the values do. Lists compare item by item, and the one that ends
/// first comes first; structs by their fields in turn; maps as lists of their entries.
///
///     list       each item behind a byte 1; a byte 0 at the end     (fixed-size lists: the items alone)
///     struct     its fields
///     item, field    rank and value, as in sort_column.h

#include <eider/array.h>
#include <eider/scan_options.h>

namespace eider::query {

bool IsNested(const DataType& type);

/// A large_binary array with the keys of `array`, and its nulls. What they compare as is inverted later where `key` descends, so nulls
/// inside go to the other end then.
ArrayPtr NestedKeys(const ArrayPtr& array, const SortKey& key);

}  // namespace eider::query
