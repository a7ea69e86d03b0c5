#include "eider/expr/binder.h"

#include <algorithm>

#include "eider/expr/compare.h"
#include "eider/expr/literal.h"
#include "eider/expr/logic.h"
#include "eider/expr/native.h"
#include "eider/expr/source_text.h"

namespace eider::expr {
namespace {

class Binder {
 public:
  Binder(std::string_view text, const Schema& schema, const Parameters& parameters)
      : text_(text), schema_(schema), parameters_(parameters) {}

  NodePtr Bind(const Syntax& syntax) {
    switch (syntax.kind) {
      case SyntaxKind::kNumber: return NumberLiteral(syntax.text);
      case SyntaxKind::kText: return TextLiteral(syntax.text);
      case SyntaxKind::kBool: return BoolLiteral(syntax.text == "true");
      case SyntaxKind::kNull: return MakeNullLiteral(MakeType(TypeId::kNull));
      case SyntaxKind::kName:
      case SyntaxKind::kField: return Name(syntax);
      case SyntaxKind::kAnd:
      case SyntaxKind::kOr: return Junction(syntax);
      case SyntaxKind::kNot: return Fold(std::make_shared<CallNode>("NOT", MakeType(TypeId::kBool), NotKernel(), std::vector<NodePtr>{Boolean(*syntax.children[0])}));
      case SyntaxKind::kIs: return Is(syntax);
      case SyntaxKind::kChain: return Chain(syntax);
      default: Fail(syntax, "this is not supported here");
    }
  }

 private:
  [[noreturn]] void Fail(const Syntax& syntax, std::string_view what) { throw ErrorAt(text_, syntax.position, what); }

  NodePtr Boolean(const Syntax& syntax) {
    NodePtr node = Bind(syntax);
    if (node->type()->id == TypeId::kNull) return MakeNullLiteral(MakeType(TypeId::kBool));
    if (node->type()->id != TypeId::kBool) Fail(syntax, fmt::format("expected a boolean, found {}", TypeToString(*node->type())));
    return node;
  }

  NodePtr Junction(const Syntax& syntax) {
    std::vector<NodePtr> children;
    for (const SyntaxPtr& child : syntax.children) children.push_back(Boolean(*child));
    return Fold(std::make_shared<JunctionNode>(syntax.kind == SyntaxKind::kAnd, std::move(children)));
  }

  NodePtr Is(const Syntax& syntax) {
    const Truth truth = syntax.text == "true" ? Truth::kTrue : syntax.text == "false" ? Truth::kFalse : Truth::kNull;
    NodePtr value = syntax.text == "null" ? Bind(*syntax.children[0]) : Boolean(*syntax.children[0]);
    return Fold(std::make_shared<CallNode>("IS", MakeType(TypeId::kBool), IsKernel(truth, syntax.negated), std::vector<NodePtr>{std::move(value)}));
  }

  NodePtr Name(const Syntax& syntax) {
    for (const Field& field : schema_.fields) {
      if (field.name != syntax.text) continue;
      auto [at, added] = columns_.try_emplace(field.name);
      if (added) at->second = std::make_shared<ColumnNode>(field, columns_.size() - 1, field.name);
      return at->second;
    }
    Fail(syntax, fmt::format("no column '{}'", syntax.text));
  }

  NodePtr Chain(const Syntax& syntax) {
    NodePtr left = Bind(*syntax.children[0]), right = Bind(*syntax.children[1]);
    const std::optional<Comparison> comparison = ComparisonOf(syntax.operators[0]);
    if (!comparison || syntax.children.size() > 2) Fail(syntax, "this is not supported here");
    return Compare(syntax, *comparison, std::move(left), std::move(right));
  }
  static std::optional<Comparison> ComparisonOf(std::string_view symbol) {
    if (symbol == "=" || symbol == "==") return Comparison::kEqual;
    if (symbol == "<>" || symbol == "!=") return Comparison::kNotEqual;
    for (const Comparison each : {Comparison::kLess, Comparison::kLessEqual, Comparison::kGreater, Comparison::kGreaterEqual}) {
      if (symbol == ComparisonName(each)) return each;
    }
    return std::nullopt;
  }

  NodePtr Compare(const Syntax& syntax, Comparison comparison, NodePtr left, NodePtr right) {
    if (left->literal() && !right->literal()) std::swap(left, right), comparison = Swapped(comparison);
    if (const auto* literal = dynamic_cast<const LiteralNode*>(right.get())) {
      const Fitted fitted = FitLiteral(*literal, left->type());
      if (fitted.fit != Fit::kExact) Fail(syntax, "the literal has no place in the type of the column");
      right = fitted.value;
    }
    if (!TypesEqual(*left->type(), *right->type()) && !(IsText(left->type()->id) && IsText(right->type()->id))) {
      Fail(syntax, fmt::format("{} is not compared with {}", TypeToString(*left->type()), TypeToString(*right->type())));
    }
    const auto kernel = [comparison](const Call& call) { return CompareColumns(comparison, call.arguments[0], call.arguments[1], call.rows); };
    return Fold(std::make_shared<CallNode>(std::string(ComparisonName(comparison)), MakeType(TypeId::kBool), kernel, std::vector<NodePtr>{std::move(left), std::move(right)}));
  }

  std::string_view text_;
  const Schema& schema_;
  const Parameters& parameters_;
  std::unordered_map<std::string, std::shared_ptr<const ColumnNode>> columns_;
};

}  // namespace

NodePtr Bind(const Syntax& syntax, std::string_view text, const Schema& schema, const Parameters& parameters) {
  return Binder(text, schema, parameters).Bind(syntax);
}

}  // namespace eider::expr
