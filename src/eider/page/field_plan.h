#pragma once
/// \file
/// A top-level column as a tree of layers over leaf columns, made once per projection: what each leaf needs to be decoded,
/// and how the leaves' layers become nested arrays.

#include <eider/schema.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "eider/page/leaf.h"

namespace eider::page {

struct FieldNode {
  enum class Kind : uint8_t { kLeaf, kStruct, kList, kFixedSizeList };  ///< maps are lists of structs
  Kind kind = Kind::kLeaf;
  TypePtr type;
  size_t first_leaf = 0, num_leaves = 0;
  std::vector<FieldNode> children;
};

struct FieldPlan {
  FieldNode root;
  std::vector<std::shared_ptr<const LeafSpec>> leaves;  ///< depth-first
  std::vector<std::string> paths;                       ///< of the leaves: "st.l.item"
};

/// \throws Error(kUnsupported) for a field that cannot be read, naming it.
FieldPlan PlanField(const LanceField& field);

/// Assembles `length` rows. `leaves` has one entry per leaf of the plan; null: the leaf is in no page and reads as null.
/// \throws Error(kCorrupt) when leaves of one struct or list disagree about their lengths.
ArrayPtr AssembleField(const FieldPlan& plan, std::span<LeafOutput* const> leaves, uint64_t length);

}  // namespace eider::page
