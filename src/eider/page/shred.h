#pragma once
/// \file
/// Shreds Arrow arrays into one leaf: repetition levels, definition levels, and where the leaf's items lie.
///
/// Layers are listed from the leaf outwards. Definition 0 is a value; each layer takes the next level numbers, innermost first:
///
///     all-valid item / list   0        nullable item           1 (null)
///     nullable list           1        emptyable list          1 (empty)
///     null-and-empty list     2 (null, then empty)
///
/// A list that is null or empty, and a list under a null struct, is one *special* entry: a level pair without an item. Its
/// definition is above `max_visible`. Repetition: `num_lists` starts a row, k a new list at depth k counted from the leaf,
/// 0 continues the innermost list.
///
/// A layer is nullable only when this page has such a null (its own or one of a struct around it, up to the nearest list):
/// then the levels are those that the reference engine writes.

#include <eider/array.h>

#include <span>
#include <vector>

#include "eider/base/memory.h"
#include "eider/page/column_leaf.h"
#include "eider/proto/encodings21.pb.h"

namespace eider::page {

using RepDefLayer = ::lance::encodings21::RepDefLayer;

/// Items [start, start + length) of a leaf array, counted from its `offset`.
struct LeafRun {
  const Array* array = nullptr;
  int64_t start = 0;
  int64_t length = 0;
};

struct ShreddedLeaf {
  std::vector<RepDefLayer> layers;  ///< from the leaf outwards
  uint16_t max_rep = 0;             ///< number of lists
  uint16_t max_def = 0;
  uint16_t max_visible = 0;         ///< entries with def <= max_visible have an item
  uint64_t num_rows = 0;
  uint64_t num_levels = 0;
  uint64_t num_items = 0;           ///< visible items: num_levels minus the specials
  uint64_t num_values = 0;          ///< items that are not null
  BufferBuilder rep;                ///< u16 x num_levels; empty when there is no list
  BufferBuilder def;                ///< u16 x num_levels; empty when every layer is all-valid
  std::vector<LeafRun> runs;        ///< num_items in all
  std::vector<ArrayPtr> owned;      ///< rewritten leaf arrays that `runs` refers to

  bool has_rep() const { return max_rep > 0; }
  bool has_def() const { return max_def > 0; }
  std::span<const uint16_t> rep_levels() const { return {rep.as<uint16_t>(), has_rep() ? num_levels : 0}; }
  std::span<const uint16_t> def_levels() const { return {def.as<uint16_t>(), has_def() ? num_levels : 0}; }
};

/// Shreds consecutive pieces of one column. The arrays stay alive as long as the result is used.
ShreddedLeaf Shred(std::span<const ArrayPtr> pieces, const ColumnLeaf& leaf);

}  // namespace eider::page
