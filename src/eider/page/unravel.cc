#include "eider/page/unravel.h"

#include <limits>
#include <utility>

#include "eider/kernel/levels.h"

namespace eider::page {
namespace {

void CheckLevels(std::span<const uint16_t> levels, uint16_t largest, const char* what) {
  const uint16_t seen = kernel::MaxLevel(levels);
  if (seen > largest) throw Corrupt("{} level {} is above the layers' largest {}", what, seen, largest);
}

// An entry with a level pair but no value must open the list at which it stops; one that has a value may open none.
void CheckStops(const Layers& layers, std::span<const uint16_t> rep, std::span<const uint16_t> def) {
  const uint16_t* stops = layers.stop_lists();
  unsigned bad = 0;
  for (size_t i = 0; i < rep.size(); ++i) bad |= rep[i] < stops[def[i]];
  if (bad == 0) return;
  for (size_t i = 0; i < rep.size(); ++i) {
    if (rep[i] < stops[def[i]]) {
      throw Corrupt("levels: entry {} (rep {}, def {}) stops at list {} without opening it", i, rep[i], def[i], stops[def[i]]);
    }
  }
}

/// Which entries have slots in and around list j.
struct Region {
  uint16_t j;        // number of the list
  uint16_t inside;   // an entry has a slot inside list j when its definition is at most this
  uint16_t outside;  // and one in the list's own region when it is at most this, and it opens the list
};

// Offsets of the slots that list j opens. `levels` has what the lists inside left over: entries with rep >= j - 1.
template <typename Offset>
void AppendOffsets(LayerSlots& list, std::span<const uint16_t> rep, std::span<const uint16_t> def, Region region) {
  const uint64_t first = list.children;
  if (first + rep.size() > static_cast<uint64_t>(std::numeric_limits<Offset>::max())) {
    throw Invalid("a list column with more than {} items in one batch: read fewer rows at a time", std::numeric_limits<Offset>::max());
  }
  const size_t old = list.offsets.size();
  list.offsets.Extend((rep.size() + 1) * sizeof(Offset));
  Offset* const begin = reinterpret_cast<Offset*>(list.offsets.data() + old);
  size_t slots = 0;
  Offset children = static_cast<Offset>(first);
  for (size_t i = 0; i < rep.size(); ++i) {
    begin[slots] = children;
    slots += (rep[i] >= region.j) & (def[i] <= region.outside);
    children += def[i] <= region.inside;
  }
  list.children = static_cast<uint64_t>(children);
  list.offsets.Resize(old + slots * sizeof(Offset));
}

/// Runs of slots of one region become validity of its layers.
class ListPass {
 public:
  ListPass(const Layers& layers, LeafOutput& out) : layers_(layers), out_(out) {}

  // Layers from `layer` up to the next list; returns that list's index.
  size_t AppendRegion(size_t layer, std::span<const uint16_t> slots) {
    const auto& all = layers_.layers();
    size_t i = layer;
    do {
      if (all[i].null_level == 0) {
        out_.layers[i].AppendValid(slots.size());
      } else {
        out_.layers[i].AppendLevels(slots, all[i].null_level, all[i].empty_level);
      }
    } while (++i < all.size() && !all[i].is_list);
    return i;
  }

  // The same for the items, when none of their layers has nulls.
  size_t AppendValidRegion(size_t num_slots) {
    const auto& all = layers_.layers();
    size_t i = 0;
    do {
      out_.layers[i].AppendValid(num_slots);
    } while (++i < all.size() && !all[i].is_list);
    return i;
  }

  size_t Items(std::span<const uint16_t> def) {
    const uint16_t visible = layers_.max_visible_def();
    if (visible == layers_.max_def()) return AppendRegion(0, def);
    if (visible == 0) return AppendValidRegion(kernel::CountLevelsAtMost(def, 0));
    return AppendRegion(0, Collect(def, visible));
  }

  size_t List(uint16_t j, size_t layer, std::span<const uint16_t> rep, std::span<const uint16_t> def) {
    const Region region{j, layers_.inside(j), layers_.inside(static_cast<uint16_t>(j + 1))};
    LayerSlots& list = out_.layers[layer];
    if (out_.spec->layers[layer].large_offsets) {
      AppendOffsets<int64_t>(list, rep, def, region);
    } else {
      AppendOffsets<int32_t>(list, rep, def, region);
    }
    Compact(j, rep, def);
    if (region.outside == layers_.max_def()) return AppendRegion(layer, out_.def);
    return AppendRegion(layer, Collect(out_.def, region.outside));
  }

 private:
  // The levels of the entries that have a slot.
  std::span<const uint16_t> Collect(std::span<const uint16_t> def, uint16_t largest) {
    out_.slot_def.resize(def.size() + 1);
    uint16_t* to = out_.slot_def.data();
    size_t n = 0;
    for (const uint16_t d : def) {
      to[n] = d;
      n += d <= largest;
    }
    return {to, n};
  }
  // Leaves the entries that open list j, in out.rep and out.def. The inputs may be those.
  void Compact(uint16_t j, std::span<const uint16_t> rep, std::span<const uint16_t> def) {
    const size_t n = rep.size();
    const bool in_place = rep.data() == out_.rep.data();
    if (!in_place) out_.rep.resize(n), out_.def.resize(n);
    const uint16_t* r = in_place ? out_.rep.data() : rep.data();
    const uint16_t* d = in_place ? out_.def.data() : def.data();
    uint16_t *to_rep = out_.rep.data(), *to_def = out_.def.data();
    size_t kept = 0;
    for (size_t i = 0; i < n; ++i) {
      const uint16_t level = r[i];
      to_rep[kept] = level, to_def[kept] = d[i];
      kept += level >= j;
    }
    out_.rep.resize(kept), out_.def.resize(kept);
  }

  const Layers& layers_;
  LeafOutput& out_;
};

}  // namespace

PendingLists& DeferLists(const Layers& layers, LeafOutput& out) {
  if (out.pending.layers != nullptr && !(*out.pending.layers == layers)) FlushLists(out);
  if (out.pending.layers == nullptr) out.pending.layers = &layers;
  return out.pending;
}

void FlushLists(LeafOutput& out, uint64_t unresolved) {
  if (out.pending.layers == nullptr) return;
  const Layers& layers = *std::exchange(out.pending.layers, nullptr);
  UnravelLists(layers, out.pending.rep, out.pending.def, out);
  out.pending.rep.clear(), out.pending.def.clear();
  const uint64_t values = out.values.num_values + unresolved;
  if (out.layers[0].length != values) throw Corrupt("levels name {} items, values are {}", out.layers[0].length, values);
}

void UnravelAllValid(const Layers& layers, uint64_t n, LeafOutput& out) {
  for (LayerSlots& slots : out.layers) slots.AppendValid(n);
}

void UnravelItems(const Layers& layers, std::span<const uint16_t> def, LeafOutput& out) {
  CheckLevels(def, layers.max_def(), "definition");
  for (size_t i = 0; i < out.layers.size(); ++i) out.layers[i].AppendLevels(def, layers.layers()[i].null_level, 0);
}

void UnravelLists(const Layers& layers, std::span<const uint16_t> rep, std::span<const uint16_t> def, LeafOutput& out) {
  CheckLevels(rep, layers.max_rep(), "repetition");
  CheckLevels(def, layers.max_def(), "definition");
  std::vector<uint16_t> all_valid;
  if (def.empty()) {
    all_valid.assign(rep.size(), 0);
    def = all_valid;
  } else if (layers.max_def() > layers.max_visible_def()) {
    CheckStops(layers, rep, def);
  }
  out.rep.clear(), out.def.clear();
  ListPass pass(layers, out);
  size_t layer = pass.Items(def);
  for (uint16_t j = 1; j <= layers.num_lists(); ++j) {
    layer = pass.List(j, layer, rep, def);
    rep = out.rep, def = out.def;
  }
}

}  // namespace eider::page
