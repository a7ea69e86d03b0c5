#include "eider/page/layers.h"

namespace eider::page {
namespace {

bool IsList(int kind) {
  return kind == 2 || (kind >= 4 && kind <= 6);
}

}  // namespace

Layers::Layers(std::span<const int> kinds, std::span<const LayerSpec> path) {
  if (kinds.size() != path.size()) {
    throw Corrupt("layers: the page names {}, the schema has {}", kinds.size(), path.size());
  }
  layers_.reserve(kinds.size());
  inside_.reserve(kinds.size() + 2);
  inside_.push_back(0);
  uint16_t level = 0;
  for (size_t i = 0; i < kinds.size(); ++i) {
    const int kind = kinds[i];
    if (kind < 1 || kind > 6) throw Corrupt("layers: layer {} has unknown kind {}", i, kind);
    if (IsList(kind) != path[i].is_list) {
      throw Corrupt("layers: layer {} is a {} (kind {}), the schema has a {}", i, IsList(kind) ? "list" : "item", kind,
                    path[i].is_list ? "list" : "item");
    }
    Layer layer{.is_list = IsList(kind)};
    if (layer.is_list) inside_.push_back(level);
    const auto named = static_cast<LayerKind>(kind);
    if (named == LayerKind::kNullableItem || named == LayerKind::kNullableList || named == LayerKind::kNullAndEmptyList) {
      layer.null_level = ++level;
    }
    if (named == LayerKind::kEmptyableList || named == LayerKind::kNullAndEmptyList) layer.empty_level = ++level;
    layers_.push_back(layer);
  }
  inside_.push_back(level);
  stop_.reserve(size_t{level} + 1);
  for (uint16_t d = 0, j = 0; d <= level; ++d) {
    while (d > inside_[j + 1]) ++j;
    stop_.push_back(j);
  }
}

}  // namespace eider::page
