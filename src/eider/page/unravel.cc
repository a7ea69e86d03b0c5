#include "eider/page/unravel.h"

#include <algorithm>
#include <limits>

namespace eider::page {
namespace {

void CheckLevels(std::span<const uint16_t> levels, uint16_t largest, const char* what) {
  uint16_t seen = 0;
  for (const uint16_t level : levels) seen = std::max(seen, level);
  if (seen > largest) throw Corrupt("{} level {} is above the layers' largest {}", what, seen, largest);
}

// Entries with a level pair but no value must open the list at which they stop.
void CheckSpecials(const Layers& layers, std::span<const uint16_t> rep, std::span<const uint16_t> def) {
  const uint16_t visible = layers.max_visible_def();
  for (size_t i = 0; i < def.size(); ++i) {
    if (def[i] <= visible) continue;
    const uint16_t stop = layers.stop_list(def[i]);
    if (rep[i] < stop) throw Corrupt("levels: entry {} (rep {}, def {}) stops at list {} without opening it", i, rep[i], def[i], stop);
  }
}

template <typename Offset>
void AppendOffsets(LayerSlots& list, std::span<const uint16_t> rep, std::span<const uint16_t> def, uint16_t j, uint16_t inside,
                   uint16_t outside) {
  const size_t old = list.offsets.size();
  list.offsets.Extend((rep.size() + 1) * sizeof(Offset));
  Offset* next = reinterpret_cast<Offset*>(list.offsets.data() + old);
  uint64_t children = list.children;
  if (children + rep.size() > static_cast<uint64_t>(std::numeric_limits<Offset>::max())) {
    throw Invalid("a list column with more than {} items in one batch: read fewer rows at a time", std::numeric_limits<Offset>::max());
  }
  for (size_t i = 0; i < rep.size(); ++i) {
    *next = static_cast<Offset>(children);
    next += (rep[i] >= j) & (def[i] <= outside);
    children += def[i] <= inside;
  }
  list.children = children;
  list.offsets.Resize(reinterpret_cast<uint8_t*>(next) - list.offsets.data());
}

// One pass per list, from the inside: region j holds list j and the structs between lists j and j + 1.
class ListPass {
 public:
  ListPass(const Layers& layers, LeafOutput& out) : layers_(layers), out_(out) {}

  // Items inside the innermost list.
  size_t Items(std::span<const uint16_t> def) {
    CollectSlots(def, layers_.inside(1));
    return Region(0);
  }

  // List j and its region; `layer` is the list's index. Compacts rep and def to what the lists outside see.
  size_t List(uint16_t j, size_t layer, std::vector<uint16_t>& rep, std::vector<uint16_t>& def) {
    LayerSlots& list = out_.layers[layer];
    if (out_.spec->layers[layer].large_offsets) {
      AppendOffsets<int64_t>(list, rep, def, j, layers_.inside(j), layers_.inside(j + 1));
    } else {
      AppendOffsets<int32_t>(list, rep, def, j, layers_.inside(j), layers_.inside(j + 1));
    }
    size_t kept = 0;
    for (size_t i = 0; i < rep.size(); ++i) {
      const uint16_t r = rep[i], d = def[i];
      rep[kept] = r, def[kept] = d;
      kept += r >= j;
    }
    rep.resize(kept), def.resize(kept);
    CollectSlots(def, layers_.inside(j + 1));
    return Region(layer);
  }

 private:
  void CollectSlots(std::span<const uint16_t> def, uint16_t outside) {
    slots_.resize(def.size());
    size_t n = 0;
    for (const uint16_t d : def) {
      slots_[n] = d;
      n += d <= outside;
    }
    slots_.resize(n);
  }
  // Appends the slots to layers from `layer` up to the next list; returns that list's index.
  size_t Region(size_t layer) {
    const auto& all = layers_.layers();
    size_t i = layer;
    do {
      out_.layers[i].AppendLevels(slots_, all[i].null_level, all[i].empty_level);
    } while (++i < all.size() && !all[i].is_list);
    return i;
  }

  const Layers& layers_;
  LeafOutput& out_;
  std::vector<uint16_t>& slots_ = out_.slot_def;
};

}  // namespace

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
  if (!def.empty() && layers.max_def() > layers.max_visible_def()) CheckSpecials(layers, rep, def);
  out.rep.assign(rep.begin(), rep.end());
  if (def.empty()) {
    out.def.assign(rep.size(), 0);
  } else {
    out.def.assign(def.begin(), def.end());
  }
  ListPass pass(layers, out);
  size_t layer = pass.Items(out.def);
  for (uint16_t j = 1; j <= layers.num_lists(); ++j) layer = pass.List(j, layer, out.rep, out.def);
}

}  // namespace eider::page
