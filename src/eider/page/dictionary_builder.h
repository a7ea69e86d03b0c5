#pragma once
/// \file
/// Finds values that repeat: a page of few distinct values stores them once, and 32-bit indices into them.

#include <optional>

#include "eider/page/column_leaf.h"
#include "eider/page/gather.h"

namespace eider::page {

constexpr uint64_t kMaxDictionaryValues = 100000;

/// The dictionary of variable-width or 16-byte values, when it is worth it: at least 100 items, at most `1 / dictionary_divisor`
/// of them (and 100,000) distinct, and `dictionary_size_ratio` of the bytes at most. Otherwise nullopt, after a short look.
std::optional<GatheredDictionary> BuildDictionary(const ShreddedLeaf& leaf, const codec::LeafValues& values,
                                                  const PageOptions& options);

}  // namespace eider::page
