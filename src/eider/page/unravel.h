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

/// Rows of many pages are unravelled together: their levels wait in out.pending, with the same layers, until FlushLists or until
/// anything else appends to `out`. Returns where to append them.
PendingLists& DeferLists(const Layers& layers, LeafOutput& out);
/// Gives pending levels their slots. \throws Error(kCorrupt) as UnravelLists does, and when they name another number of items than there
/// are values; `unresolved` of those are not in `out` yet.
void FlushLists(LeafOutput& out, uint64_t unresolved = 0);

}  // namespace eider::page
