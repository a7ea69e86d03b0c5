#pragma once
/// \file
/// Turns repetition and definition levels into the validity and list offsets of each layer. Pages may differ in their
/// layer flavours, and a row may be cut by a chunk: levels are appended in runs and the slots grow on.

#include "eider/page/leaf.h"

namespace eider::page {

/// Appends `n` entries without levels: all valid, no lists.
void UnravelAllValid(const Layers& layers, uint64_t n, LeafOutput& out);

/// Appends one entry per definition level of a page without lists.
/// \throws Error(kCorrupt) for a level above the layers' largest.
void UnravelItems(const Layers& layers, std::span<const uint16_t> def, LeafOutput& out);

/// Appends entries of a page with lists. `def` is empty when the page has no definition levels. The first entry of a row
/// starts with max_rep; the very first entry appended to `out` must.
/// \throws Error(kCorrupt) for levels out of range, or a special entry that opens no list.
void UnravelLists(const Layers& layers, std::span<const uint16_t> rep, std::span<const uint16_t> def, LeafOutput& out);

}  // namespace eider::page
