#pragma once
/// \file
/// + - * / % || and the operators on bits.
///
/// Integers are computed in 64 bits (uint64 as decimals), so that `i8 * 100` has the value that it says; what leaves 64 bits is an error,
/// and so is a division of integers by zero. A result that is asked for as such (a projection) takes the type of its columns again.

#include "eider/expr/node.h"

namespace eider::expr {

/// Operands of one precedence, left to right.
class ChainNode final : public Node {
 public:
  struct Step {
    std::string name;
    NodePtr right;
    TypePtr left_type;  ///< what `cast` makes of everything to the left, when it is not nullptr
    Kernel cast;
    TypePtr type;
    Kernel kernel;
  };
  ChainNode(NodePtr first, std::vector<Step> steps, TypePtr shown)
      : Node(steps.back().type), first_(std::move(first)), steps_(std::move(steps)), shown_(std::move(shown)) {}
  void VisitChildren(const Visitor& visit) const override {
    visit(*first_);
    for (const Step& step : steps_) visit(*step.right);
  }
  const TypePtr& shown_type() const override { return shown_; }

 private:
  Column Run(const Rows& rows, Live live) const override;

  NodePtr first_;
  std::vector<Step> steps_;
  TypePtr shown_;
};

/// operands[0] operators[0] operands[1] ... \throws Error(kInvalid) naming the operator and the types
NodePtr MakeArithmetic(std::vector<NodePtr> operands, const std::vector<std::string>& operators);
/// "-" or "~"
NodePtr MakeUnary(std::string_view symbol, NodePtr operand);

}  // namespace eider::expr
