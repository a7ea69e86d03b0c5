// Any levels under any layers either throw kCorrupt, or become slots that agree with each other: as many offsets as list slots, never
// falling, a validity bit for each, and the slots of each region inside as many as the list around it says.
//
//     | u8 layers | u8 kind of each | u8 version of the cut | (u8 rep, u8 def) x n |

#include "eider/base/error.h"
#include "eider/page/unravel.h"
#include "eider/testing/fuzz_input.h"

namespace eider::testing {
namespace {

using page::LayerSlots;
using page::LeafOutput;

void RequireSlots(LayerSlots& slots, bool is_list) {
  Require(!slots.has_nulls || slots.validity.size() == slots.length);
  if (!is_list) return;
  Require(slots.offsets.size() == slots.length * sizeof(int32_t));
  int32_t before = 0;
  for (uint64_t i = 0; i < slots.length; ++i) {
    const int32_t offset = slots.offsets.as<int32_t>()[i];
    Require(offset >= before && static_cast<uint64_t>(offset) <= slots.children);
    before = offset;
  }
}

std::shared_ptr<page::LeafSpec> MakeLeaf(std::span<const int> kinds) {
  auto leaf = std::make_shared<page::LeafSpec>();
  leaf->type = std::make_shared<DataType>();
  leaf->shape.bits_per_value = 32;
  for (const int kind : kinds) leaf->layers.push_back({.is_list = kind == 2 || kind > 3});
  return leaf;
}

void Run(Input input) {
  std::vector<int> kinds(1 + input.Byte() % 6);
  for (int& kind : kinds) kind = input.Byte() % 8;
  kinds[0] = kinds[0] % 2 == 0 ? 1 : 3;  // the leaf itself
  const auto leaf = MakeLeaf(kinds);
  const page::Layers layers(kinds, leaf->layers);
  const uint8_t cut = input.Byte();
  const ByteSpan pairs = input.Rest();
  std::vector<uint16_t> rep, def;
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) rep.push_back(pairs[i]), def.push_back(pairs[i + 1]);
  LeafOutput out(leaf);
  if (layers.num_lists() == 0) {
    UnravelItems(layers, def, out);
  } else {
    // The first entry of a run opens a row: the page decoders see to that.
    size_t at = 0;
    for (size_t i = 1; i <= rep.size(); ++i) {
      if (i < rep.size() && (rep[i] != layers.max_rep() || i % (1 + cut) != 0)) continue;
      if (rep[at] != layers.max_rep()) rep[at] = layers.max_rep();
      UnravelLists(layers, std::span(rep).subspan(at, i - at), std::span(def).subspan(at, i - at), out);
      at = i;
    }
  }
  uint64_t slots_inside = out.layers[0].length;
  for (size_t i = 0; i < out.layers.size(); ++i) {
    RequireSlots(out.layers[i], leaf->layers[i].is_list);
    Require((leaf->layers[i].is_list ? out.layers[i].children : out.layers[i].length) == slots_inside);
    slots_inside = out.layers[i].length;
  }
}

}  // namespace
}  // namespace eider::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    eider::testing::Run(eider::testing::Input({data, size}));
  } catch (const eider::Error& error) {
    eider::testing::Require(error.kind() == eider::ErrorKind::kCorrupt);
  }
  return 0;
}
