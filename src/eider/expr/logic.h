#pragma once
/// \file
/// Three-valued logic. A child of AND is evaluated for the rows that no child before it made false, a child of OR for those that none
/// made true: `b <> 0 AND a / b > 1` divides by no zero.

#include "eider/expr/node.h"

namespace eider::expr {

/// AND or OR of any number of booleans.
class JunctionNode final : public Node {
 public:
  JunctionNode(bool is_and, std::vector<NodePtr> children)
      : Node(MakeType(TypeId::kBool)), is_and_(is_and), children_(std::move(children)) {}
  void VisitChildren(const Visitor& visit) const override { for (const NodePtr& child : children_) visit(*child); }
  bool is_and() const { return is_and_; }
  const std::vector<NodePtr>& children() const { return children_; }

 private:
  Column Run(const Rows& rows, Live live) const override;

  bool is_and_;
  std::vector<NodePtr> children_;
};

enum class Truth { kNull, kTrue, kFalse };
/// Booleans to booleans.
Kernel NotKernel();
/// IS [NOT] NULL / TRUE / FALSE: never null.
Kernel IsKernel(Truth truth, bool negated);
/// IS [NOT] DISTINCT FROM, over two columns of one type.
Kernel DistinctKernel(bool negated);

}  // namespace eider::expr
