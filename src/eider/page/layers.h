#pragma once
/// \file
/// The layers of a leaf column and the meaning of its repetition and definition levels.
///
///     schema path  st(struct) . l(list) . item(struct) . q        layers, inner to outer: [q, item, l, st]
///
/// Item layers stand for the leaf and for each struct around it, list layers for lists and maps. Each page names the
/// flavour of every layer; walking outwards a nullable item takes one definition level, a nullable or emptyable list one,
/// a null-and-empty list two (null first). Definition 0 is a value; any other number names the layer at which the entry
/// stops. Repetition r opens a slot in lists 1 (innermost) to r, and in everything between them.

#include <cstdint>
#include <span>
#include <vector>

#include "eider/base/bytes.h"

namespace eider::page {

/// Persisted, never renumber.
enum class LayerKind : uint8_t {
  kAllValidItem = 1,
  kAllValidList = 2,
  kNullableItem = 3,
  kNullableList = 4,
  kEmptyableList = 5,
  kNullAndEmptyList = 6,
};

/// What the schema says about a layer.
struct LayerSpec {
  bool is_list = false;
  bool large_offsets = false;  ///< 64-bit list offsets
  uint64_t repeat = 1;         ///< times that a slot is written: the product of the fixed-size lists of structs from here inwards
  bool operator==(const LayerSpec&) const = default;
};

/// The layers of one page with their definition levels.
class Layers {
 public:
  struct Layer {
    bool is_list = false;
    uint16_t null_level = 0;   ///< 0: never null
    uint16_t empty_level = 0;  ///< 0: never empty
    bool operator==(const Layer&) const = default;
  };

  /// \throws Error(kCorrupt) when `kinds` (inner to outer) does not match the column's path.
  Layers(std::span<const int> kinds, std::span<const LayerSpec> path);

  bool operator==(const Layers&) const = default;

  const std::vector<Layer>& layers() const { return layers_; }
  uint16_t num_lists() const { return static_cast<uint16_t>(inside_.size() - 2); }
  uint16_t max_rep() const { return num_lists(); }
  uint16_t max_def() const { return inside_.back(); }
  /// Entries with a larger definition hold no value.
  uint16_t max_visible_def() const { return inside_[1]; }
  /// The largest definition level of the layers strictly inside list `j` (1: innermost); j = num_lists + 1: of all.
  uint16_t inside(uint16_t j) const { return inside_[j]; }
  /// By definition level: the number of the list in or around which such an entry stops (0: it is a visible item). A special entry
  /// must open that list, so its repetition is at least this.
  const uint16_t* stop_lists() const { return stop_.data(); }

 private:
  std::vector<Layer> layers_;
  std::vector<uint16_t> inside_;  // [0] unused
  std::vector<uint16_t> stop_;    // by definition level
};

}  // namespace eider::page
