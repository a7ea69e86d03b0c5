#pragma once
/// \file
/// Values picked row by row from several columns: CASE, COALESCE and their relatives.

#include "eider/expr/node.h"

namespace eider::expr {

/// Row i is that of sources[which[i]], null where which[i] is negative. All sources are of `type`.
ArrayPtr ChooseRows(const TypePtr& type, std::span<const Column> sources, std::span<const int32_t> which);

/// CASE: the value after the first true condition. Values are evaluated for the rows that take them only.
class CaseNode final : public Node {
 public:
  /// values[i] belongs to conditions[i]; the last one, beyond the conditions, to all other rows.
  CaseNode(std::vector<NodePtr> conditions, std::vector<NodePtr> values)
      : Node(values[0]->type()), conditions_(std::move(conditions)), values_(std::move(values)) {}
  void VisitChildren(const Visitor& visit) const override {
    for (const NodePtr& child : conditions_) visit(*child);
    for (const NodePtr& child : values_) visit(*child);
  }

 private:
  Column Run(const Rows& rows, Live live) const override;

  std::vector<NodePtr> conditions_, values_;
};

/// The first value that is not null; later ones are evaluated for rows without one only. The children are of one type.
class CoalesceNode final : public Node {
 public:
  explicit CoalesceNode(std::vector<NodePtr> values) : Node(values[0]->type()), values_(std::move(values)) {}
  void VisitChildren(const Visitor& visit) const override { for (const NodePtr& child : values_) visit(*child); }

 private:
  Column Run(const Rows& rows, Live live) const override;

  std::vector<NodePtr> values_;
};

}  // namespace eider::expr
