#include "eider/expr/node.h"

#include "eider/array/null_array.h"
#include "eider/expr/source_text.h"

namespace eider::expr {
namespace {

/// An error that has its place already.
class PlacedError final : public Error {
 public:
  explicit PlacedError(const Error& error) : Error(error) {}
};

}  // namespace

Column Node::Evaluate(const Rows& rows, Live live) const {
  try {
    return Run(rows, live);
  } catch (const PlacedError&) {
    throw;
  } catch (const Error& error) {
    if (position_ == kNowhere || rows.text.empty() || error.kind() != ErrorKind::kInvalid) throw;
    throw PlacedError(ErrorAt(rows.text, position_, error.what()));
  }
}

Column CallNode::Run(const Rows& rows, Live live) const {
  std::vector<Column> arguments;
  arguments.reserve(children_.size());
  bool constant = !volatile_;
  for (const NodePtr& child : children_) {
    arguments.push_back(child->Evaluate(rows, live));
    constant = constant && arguments.back().constant;
  }
  const auto run = [&](int64_t count, Live which) {
    return InContext([&] { return name_; }, [&] { return kernel_(Call{arguments, count, which, type()}); });
  };
  if (!constant) return {run(rows.count, live), false};
  if (rows.count == 0) return {MakeNullArray(type(), 1), true};
  return {run(1, nullptr), true};
}

NodePtr MakeLiteral(ArrayPtr value, std::string text) { return std::make_shared<LiteralNode>(std::move(value), std::move(text)); }
NodePtr MakeNullLiteral(const TypePtr& type) { return MakeLiteral(MakeNullArray(type, 1)); }

NodePtr Fold(NodePtr node) {
  if (node->literal() || node->is_volatile()) return node;
  bool constant = true;
  node->VisitChildren([&](const Node& child) { constant = constant && child.literal(); });
  if (!constant || dynamic_cast<const ColumnNode*>(node.get())) return node;
  try {
    const Column value = node->Evaluate(Rows{{}, 1}, nullptr);
    return MakeLiteral(value.array->length == 1 ? value.array : SliceArray(value.array, 0, 1));
  } catch (const Error&) {
    return node;  // it fails when a row asks for it, which may never be
  }
}

}  // namespace eider::expr
