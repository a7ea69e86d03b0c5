#include "eider/page/field_plan.h"

#include <algorithm>

#include "eider/array/null_array.h"
#include "eider/page/finish_values.h"
#include "eider/page/unravel.h"

namespace eider::page {
namespace {

class Planner {
 public:
  explicit Planner(FieldPlan& plan) : plan_(plan) {}

  FieldNode Visit(const LanceField& field, const TypePtr& type) {
    path_.push_back(field.name);
    FieldNode node{.kind = KindOf(field, *type), .type = type, .first_leaf = plan_.leaves.size()};
    if (node.kind == FieldNode::Kind::kLeaf) {
      AddLeaf(type);
    } else {
      around_.push_back({.is_list = node.kind == FieldNode::Kind::kList, .large_offsets = type->id == TypeId::kLargeList});
      fixed_sizes_.push_back(node.kind == FieldNode::Kind::kFixedSizeList ? static_cast<uint64_t>(type->list_size) : 1);
      CheckFixedSizeList(node.kind);
      for (size_t i = 0; i < field.children.size(); ++i) node.children.push_back(Visit(field.children[i], type->children[i].type));
      around_.pop_back();
      fixed_sizes_.pop_back();
    }
    node.num_leaves = plan_.leaves.size() - node.first_leaf;
    path_.pop_back();
    return node;
  }

 private:
  static FieldNode::Kind KindOf(const LanceField& field, const DataType& type) {
    if (field.IsLeaf()) return FieldNode::Kind::kLeaf;
    switch (type.id) {
      case TypeId::kStruct: return FieldNode::Kind::kStruct;
      case TypeId::kFixedSizeList: return FieldNode::Kind::kFixedSizeList;
      default: return FieldNode::Kind::kList;
    }
  }
  std::string Path() const { return fmt::format("{}", fmt::join(path_, ".")); }

  void CheckFixedSizeList(FieldNode::Kind kind) const {
    if (kind != FieldNode::Kind::kFixedSizeList) return;
    for (size_t i = 0; i + 1 < around_.size(); ++i) {
      if (around_[i].is_list) throw Unsupported("column '{}': fixed-size list of structs inside a list", Path());
    }
  }

  void AddLeaf(const TypePtr& type) {
    auto leaf = std::make_shared<LeafSpec>();
    leaf->type = type;
    InContext([&] { return fmt::format("column '{}'", Path()); }, [&] {
      if (type->id == TypeId::kStruct && type->children.empty()) {
        leaf->shape = ShapeOfType(*MakeType(TypeId::kNull));
      } else {
        leaf->shape = ShapeOfType(*type);
      }
      if (leaf->is_dictionary()) leaf->dictionary_shape = ShapeOfType(*type->value_type);
    });
    leaf->layers.push_back({});
    uint64_t repeat = 1;
    for (size_t i = around_.size(); i-- > 0;) {
      repeat = CheckedMul(repeat, fixed_sizes_[i], "fixed-size list");
      LayerSpec layer = around_[i];
      layer.repeat = repeat;
      leaf->layers.push_back(layer);
    }
    leaf->rows_per_row = repeat;
    plan_.leaves.push_back(std::move(leaf));
    plan_.paths.push_back(Path());
  }

  FieldPlan& plan_;
  std::vector<LayerSpec> around_;  // outer to inner
  std::vector<uint64_t> fixed_sizes_;
  std::vector<std::string> path_;
};

class Assembler {
 public:
  Assembler(const FieldPlan& plan, std::span<LeafOutput* const> leaves) : plan_(plan), leaves_(leaves) {}

  // `depth`: layers outside this node.
  ArrayPtr Visit(const FieldNode& node, size_t depth, uint64_t length) {
    const size_t present = FindPresent(node);
    if (present == node.first_leaf + node.num_leaves) return MakeNullArray(node.type, static_cast<int64_t>(length));
    LeafOutput& leaf = *leaves_[present];
    if (node.kind == FieldNode::Kind::kLeaf) return FinishChecked(leaf, present, length);
    const size_t layer = leaf.layers.size() - 1 - depth;
    LayerSlots& slots = leaf.layers[layer];
    const uint64_t repeat = leaf.spec->layers[layer].repeat;
    CheckLength(slots.length, length, repeat, present);
    auto array = std::make_shared<Array>();
    array->type = node.type;
    array->length = static_cast<int64_t>(length);
    array->validity = FinishSlots(slots, length, repeat);
    array->null_count = array->validity.present() ? -1 : 0;
    uint64_t inner = length;
    if (node.kind == FieldNode::Kind::kList) {
      inner = slots.children;
      array->buffers.push_back(FinishOffsets(slots, leaf.spec->layers[layer].large_offsets));
    } else if (node.kind == FieldNode::Kind::kFixedSizeList) {
      inner = CheckedMul(length, static_cast<uint64_t>(node.type->list_size), "fixed-size list");
    }
    for (const FieldNode& child : node.children) array->children.push_back(Visit(child, depth + 1, inner));
    if (node.type->id == TypeId::kMap) RequireKeys(*array->children[0], present);
    return array;
  }

 private:
  /// Arrow's consumers abort on maps with null keys.
  void RequireKeys(const Array& entries, size_t leaf) const {
    const int64_t nulls = CountNulls(entries) + (entries.children.empty() ? 0 : CountNulls(*entries.children[0]));
    if (nulls > 0) throw Corrupt("column '{}': a map with {} null keys or entries", plan_.paths[leaf], nulls);
  }
  size_t FindPresent(const FieldNode& node) const {
    size_t i = node.first_leaf;
    while (i < node.first_leaf + node.num_leaves && leaves_[i] == nullptr) ++i;
    return i;
  }
  void CheckLength(uint64_t slots, uint64_t expected, uint64_t repeat, size_t leaf) const {
    if (slots == CheckedMul(expected, repeat, "fixed-size list")) return;
    throw Corrupt("column '{}': {} entries where its siblings have {}", plan_.paths[leaf], slots, expected);
  }
  ArrayPtr FinishChecked(LeafOutput& leaf, size_t index, uint64_t length) const {
    CheckLength(leaf.layers[0].length, length, 1, index);
    return InContext([&] { return fmt::format("column '{}'", plan_.paths[index]); }, [&] { return FinishLeaf(leaf); });
  }
  // Around a fixed-size list of structs every slot was written once per item.
  static Buffer FinishSlots(LayerSlots& slots, uint64_t length, uint64_t repeat) {
    if (!slots.has_nulls || repeat == 1) return FinishValidity(slots);
    BitBuilder bits;
    bits.Extend(length);
    for (uint64_t i = 0; i < length; ++i) {
      if (GetBit(slots.validity.data(), i * repeat)) SetBit(bits.data(), i);
    }
    return bits.Finish();
  }
  static Buffer FinishOffsets(LayerSlots& slots, bool large) {
    if (large) {
      slots.offsets.AppendValue(static_cast<int64_t>(slots.children));
    } else {
      slots.offsets.AppendValue(static_cast<int32_t>(slots.children));
    }
    return slots.offsets.Finish();
  }

  const FieldPlan& plan_;
  std::span<LeafOutput* const> leaves_;
};

}  // namespace

FieldPlan PlanField(const LanceField& field) {
  FieldPlan plan;
  const Field arrow = ToArrowField(field);
  plan.root = Planner(plan).Visit(field, arrow.type);
  return plan;
}

ArrayPtr AssembleField(const FieldPlan& plan, std::span<LeafOutput* const> leaves, uint64_t length) {
  for (LeafOutput* leaf : leaves) {
    if (leaf != nullptr) FlushLists(*leaf);
  }
  return Assembler(plan, leaves).Visit(plan.root, 0, length);
}

}  // namespace eider::page
