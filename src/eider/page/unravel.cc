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
[[noreturn]] void RefuseStray(const Layers& layers, std::span<const uint16_t> rep, std::span<const uint16_t> def) {
  const uint16_t* stops = layers.stop_lists();
  for (size_t i = 0; i < rep.size(); ++i) {
    if (rep[i] < stops[def[i]]) {
      throw Corrupt("levels: entry {} (rep {}, def {}) stops at list {} without opening it", i, rep[i], def[i], stops[def[i]]);
    }
  }
  throw Corrupt("levels: an entry stops at a list without opening it");
}

/// Entries that open a list or one around it, and the slots of the list among them.
struct Opened {
  std::span<const uint16_t> rep, def, slot_def;
  bool stray = false;
};

// Appends the offsets of the slots. The levels may be those that lie in out.rep and out.def: the result does.
template <typename Offset>
Opened AppendOffsets(LayerSlots& list, std::span<const uint16_t> rep, std::span<const uint16_t> def, kernel::ListLevels levels, LeafOutput& out) {
  if (list.children + rep.size() > static_cast<uint64_t>(std::numeric_limits<Offset>::max())) {
    throw Invalid("a list column with more than {} items in one batch: read fewer rows at a time", std::numeric_limits<Offset>::max());
  }
  const size_t room = rep.size() + 1, old = list.offsets.size();
  const kernel::OpenedLists<Offset> opened{
      .offsets = reinterpret_cast<Offset*>(list.offsets.Extend(room * sizeof(Offset))),
      .slot_def = LevelScratch::Take(out.slot_def, room).data(),
      .rep = LevelScratch::Take(out.rep, room).data(),
      .def = LevelScratch::Take(out.def, room).data(),
  };
  kernel::ListCounts counts{.children = list.children};
  kernel::OpenLists(rep, def, levels, opened, counts);
  list.children = counts.children;
  list.offsets.Resize(old + counts.slots * sizeof(Offset));
  return {{opened.rep, counts.entries}, {opened.def, counts.entries}, {opened.slot_def, counts.slots}, counts.stray};
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
    if (visible == 0) return AppendValidRegion(kernel::CountLevelsAtMost(def, 0));
    return AppendRegion(0, Collect(def, visible));
  }

  // Leaves the entries of the lists around list j in `rep` and `def`; false when an entry stops where it may not.
  bool List(uint16_t j, size_t& layer, std::span<const uint16_t>& rep, std::span<const uint16_t>& def) {
    const kernel::ListLevels levels{j, layers_.inside(j), layers_.inside(static_cast<uint16_t>(j + 1))};
    LayerSlots& list = out_.layers[layer];
    const bool large = out_.spec->layers[layer].large_offsets;
    const Opened opened = large ? AppendOffsets<int64_t>(list, rep, def, levels, out_) : AppendOffsets<int32_t>(list, rep, def, levels, out_);
    layer = AppendRegion(layer, opened.slot_def);
    rep = opened.rep, def = opened.def;
    return !opened.stray;
  }

 private:
  // The levels of the entries that have a slot.
  std::span<const uint16_t> Collect(std::span<const uint16_t> def, uint16_t largest) {
    if (largest == layers_.max_def() || kernel::MaxLevel(def) <= largest) return def;
    uint16_t* to = LevelScratch::Take(out_.slot_def, def.size() + 1).data();
    size_t n = 0;
    for (const uint16_t d : def) {
      to[n] = d;
      n += d <= largest;
    }
    return {to, n};
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
  }
  ListPass pass(layers, out);
  size_t layer = pass.Items(def);
  std::span<const uint16_t> rep_left = rep, def_left = def;
  for (uint16_t j = 1; j <= layers.num_lists(); ++j) {
    if (!pass.List(j, layer, rep_left, def_left)) RefuseStray(layers, rep, def);
  }
}

}  // namespace eider::page
