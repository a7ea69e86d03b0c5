#include "eider/expr/binder.h"

#include <algorithm>
#include <charconv>

#include "eider/array/null_array.h"
#include "eider/base/utf8.h"
#include "eider/expr/arithmetic.h"
#include "eider/expr/cast.h"
#include "eider/expr/choose.h"
#include "eider/expr/coerce.h"
#include "eider/expr/functions.h"
#include "eider/expr/list_kernels.h"
#include "eider/expr/literal.h"
#include "eider/expr/logic.h"
#include "eider/expr/native.h"
#include "eider/expr/operators.h"
#include "eider/expr/plain_choices.h"
#include "eider/expr/source_text.h"
#include "eider/expr/temporal.h"
#include "eider/expr/value_set.h"
#include "eider/schema/field_path.h"

namespace eider::expr {
namespace {

/// The field of that name; failing that, the only one that differs in case.
const Field* FindField(const std::vector<Field>& fields, std::string_view name) {
  const Field* found = nullptr;
  for (const Field& field : fields) {
    if (field.name == name) return &field;
  }
  for (const Field& field : fields) {
    if (LowerAscii(field.name) != LowerAscii(name)) continue;
    if (found) return nullptr;
    found = &field;
  }
  return found;
}

std::string NamesOf(const std::vector<Field>& fields) {
  constexpr size_t kShown = 20;
  std::string out;
  for (size_t i = 0; i < std::min(fields.size(), kShown); ++i) out += (i ? ", " : "") + fields[i].name;
  return fields.size() > kShown ? out + fmt::format(" and {} more", fields.size() - kShown) : out;
}

class Binder {
 public:
  Binder(std::string_view text, const Schema& schema, const Parameters& parameters)
      : text_(text), schema_(schema), parameters_(parameters) {}

  NodePtr Bind(const Syntax& syntax) {
    switch (syntax.kind) {
      case SyntaxKind::kName: return Name(syntax);
      case SyntaxKind::kField: return FieldOf(syntax);
      case SyntaxKind::kIn: return In(syntax);
      default: break;
    }
    std::vector<NodePtr> children;
    for (const SyntaxPtr& child : syntax.children) children.push_back(Bind(*child));
    return At(syntax, [&] { return Make(syntax, std::move(children)); });
  }

 private:
  /// Gives the errors of `make` a position.
  template <typename Body>
  NodePtr At(const Syntax& syntax, Body&& make) {
    try {
      NodePtr node = make();
      if (!node->literal() && !dynamic_cast<const ColumnNode*>(node.get())) node->SetPosition(syntax.position);
      return node;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kCorrupt) throw;
      throw ErrorAt(text_, syntax.position, error.what());
    }
  }

  /// The node of a syntax whose children are bound. Errors get their position from Bind().
  NodePtr Make(const Syntax& syntax, std::vector<NodePtr> children) {
    switch (syntax.kind) {
      case SyntaxKind::kNumber: return NumberLiteral(syntax.text);
      case SyntaxKind::kText: return TextLiteral(syntax.text);
      case SyntaxKind::kHex: return HexLiteral(syntax.text);
      case SyntaxKind::kBool: return BoolLiteral(syntax.text == "true");
      case SyntaxKind::kNull: return MakeNullLiteral(MakeType(TypeId::kNull));
      case SyntaxKind::kTyped: return Typed(syntax);
      case SyntaxKind::kInterval: return IntervalLiteral(syntax.text);
      case SyntaxKind::kParameter: return Parameter(syntax.text);
      case SyntaxKind::kIndex: return Index(std::move(children));
      case SyntaxKind::kSlice: return MakeFunctionCall("array_slice", std::move(children));
      case SyntaxKind::kUnary: return MakeUnary(syntax.text, children[0]);
      case SyntaxKind::kChain: return Chain(syntax, std::move(children));
      case SyntaxKind::kAnd: return MakeJunction(true, std::move(children));
      case SyntaxKind::kOr: return MakeJunction(false, std::move(children));
      case SyntaxKind::kNot: return MakeNot(children[0]);
      case SyntaxKind::kLike: return Like(syntax, std::move(children));
      case SyntaxKind::kBetween: return MakeBetween(children[0], children[1], children[2], syntax.negated);
      case SyntaxKind::kIs: return Is(syntax, std::move(children));
      case SyntaxKind::kCase: return Case(syntax, std::move(children));
      case SyntaxKind::kCast: return CastTo(children[0], TypeOfName(syntax.text), syntax.negated);
      case SyntaxKind::kCall: return MakeFunctionCall(syntax.text, std::move(children));
      case SyntaxKind::kArray: return MakeFunctionCall("make_array", std::move(children));
      case SyntaxKind::kStruct: return Struct(syntax, std::move(children));
      default: throw Unsupported("this form is not supported");
    }
  }

  // ---- names ----
  NodePtr Name(const Syntax& syntax) {
    if (const Field* field = FindField(schema_.fields, syntax.text)) return ColumnOf(*field, QuoteSegment(field->name));
    for (const std::string_view word : {"current_date", "current_time", "current_timestamp"}) {
      if (std::ranges::equal(word, syntax.text, {}, {}, [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; })) return At(syntax, [&] { return MakeFunctionCall(word, {}); });
    }
    throw ErrorAt(text_, syntax.position, fmt::format("there is no column '{}'; the columns are {}", syntax.text, NamesOf(schema_.fields)));
  }

  NodePtr ColumnOf(const Field& field, const std::string& path) {
    auto [at, added] = columns_.try_emplace(path);
    if (added) at->second = std::make_shared<ColumnNode>(field, columns_.size() - 1, path);
    return at->second;
  }

  NodePtr FieldOf(const Syntax& syntax) {
    const NodePtr parent = Bind(*syntax.children[0]);
    return At(syntax, [&] { return MemberOf(parent, syntax.text); });
  }

  NodePtr MemberOf(const NodePtr& parent, std::string_view name) {
    if (parent->type()->id != TypeId::kStruct) throw Invalid("{} has no fields", TypeToString(*parent->type()));
    const Field* field = FindField(parent->type()->children, name);
    if (!field) throw Invalid("there is no field '{}'; the fields are {}", name, NamesOf(parent->type()->children));
    if (const auto* column = dynamic_cast<const ColumnNode*>(parent.get())) return ColumnOf(*field, column->path() + "." + QuoteSegment(field->name));
    return MakeFunctionCall("get_field", {parent, TextLiteral(field->name)});
  }

  NodePtr In(const Syntax& syntax) {
    const NodePtr value = Bind(*syntax.children[0]);
    PlainChoices plain(value->literal() ? MakeType(TypeId::kNull) : value->type());
    std::vector<NodePtr> choices;
    ArrayPtr items;
    for (size_t i = 1; i < syntax.children.size(); ++i) {
      if (plain.Take(*syntax.children[i])) continue;
      NodePtr choice = Bind(*syntax.children[i]);
      if (syntax.children[i]->kind != SyntaxKind::kParameter || !choice->literal() || !IsList(choice->type()->id) || IsList(value->type()->id)) {
        choices.push_back(std::move(choice));
      } else if (ArrayPtr all = ItemsOf(*choice); all->length > 0 && syntax.children.size() == 2 && !value->literal() && TypesEqual(*all->type, *value->type()) && HasValueSet(*all->type)) {
        items = std::move(all);  // as they are: no node for each
      } else {
        for (int64_t at = 0; at < all->length; ++at) choices.push_back(ParameterValue(SliceArray(all, at, 1)));
      }
    }
    return At(syntax, [&] { return MakeIn(value, items ? items : plain.Finish(), std::move(choices), syntax.negated); });
  }

  /// Of a list, which stands for them in IN ($1).
  static ArrayPtr ItemsOf(const Node& list) {
    const Column column{dynamic_cast<const LiteralNode&>(list).value(), true};
    if (!column.IsValid(0)) return MakeNullArray(list.type()->children[0].type, 1);
    const Items items = Reader<Items>(column)[0];
    return SliceArray(column.array->children[0], items.first, items.size());
  }

  NodePtr Index(std::vector<NodePtr> children) {
    const auto* name = dynamic_cast<const LiteralNode*>(children[1].get());
    if (children[0]->type()->id == TypeId::kStruct && name && IsText(name->type()->id)) {
      const Column column{name->value(), true};
      return MemberOf(children[0], Reader<std::string_view>(column)[0]);
    }
    return MakeFunctionCall("get_item", std::move(children));
  }

  // ---- literals ----
  static NodePtr HexLiteral(std::string_view text) {
    const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1; };
    std::string bytes;
    for (size_t i = 0; i + 1 < text.size() + text.size() % 2; i += 2) {
      if (i + 1 >= text.size() || digit(text[i]) < 0 || digit(text[i + 1]) < 0) throw Invalid("x'{}' is no pairs of hexadecimal digits", text.substr(0, 60));
      bytes.push_back(char(digit(text[i]) * 16 + digit(text[i + 1])));
    }
    return MakeLiteral(One(MakeType(TypeId::kBinary), std::string_view(bytes)));
  }

  NodePtr Typed(const Syntax& syntax) {
    const std::string& text = syntax.children[0]->text;
    TypePtr type = TypeOfName(LowerAscii(syntax.text));
    if (type->id == TypeId::kTimestamp && type->timezone.empty()) {
      const std::optional<Instant> instant = ParseInstant(text);
      if (instant && instant->offset) type = TimestampType(type->unit, "UTC");  // what names a moment is one
      if (instant && instant->nanos % 1000 != 0 && syntax.text.find('(') == std::string::npos) type = TimestampType(TimeUnit::kNano, type->timezone);
    }
    NodePtr cast = CastTo(TextLiteral(text), type);
    if (!cast->literal()) throw Invalid("'{}' is no {}", text.substr(0, 60), TypeToString(*type));
    return cast;
  }

  static NodePtr IntervalLiteral(std::string_view text) {
    const std::optional<Interval> interval = ParseInterval(text);
    if (!interval) throw Invalid("'{}' is no interval such as '2 days' or '1 month 3 hours'", text.substr(0, 60));
    return MakeLiteral(OneInterval(*interval));
  }

  NodePtr Parameter(const std::string& name) {
    uint32_t index = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    const bool positional = error == std::errc() && end == name.data() + name.size();
    if (positional && index >= 1 && index <= parameters_.positional.size()) return ParameterValue(parameters_.positional[index - 1]);
    for (const auto& [each, value] : parameters_.named) {
      if (each == name) return ParameterValue(value);
    }
    throw Invalid("there is no value for parameter ${} ({} by position, {} by name are given)", name, parameters_.positional.size(), parameters_.named.size());
  }
  static NodePtr ParameterValue(const ArrayPtr& value) {
    if (value->length != 1) throw Invalid("a parameter is one value, not {}", value->length);
    return value->IsValid(0) ? Plain(MakeLiteral(value)) : MakeNullLiteral(value->type);
  }

  // ---- operators ----
  static std::optional<Comparison> ComparisonOf(std::string_view symbol) {
    if (symbol == "=" || symbol == "==") return Comparison::kEqual;
    if (symbol == "<>" || symbol == "!=") return Comparison::kNotEqual;
    for (const Comparison each : {Comparison::kLess, Comparison::kLessEqual, Comparison::kGreater, Comparison::kGreaterEqual}) {
      if (symbol == ComparisonName(each)) return each;
    }
    return std::nullopt;
  }

  NodePtr Chain(const Syntax& syntax, std::vector<NodePtr> children) {
    if (!ComparisonOf(syntax.operators[0]) && syntax.operators[0] != "<=>") return MakeArithmetic(std::move(children), syntax.operators);
    if (children.size() > kMaxDepth) throw Invalid("a chain of {} comparisons", children.size());
    NodePtr left = children[0];
    for (size_t i = 0; i < syntax.operators.size(); ++i) {
      if (syntax.operators[i] == "<=>") left = MakeDistinct(left, children[i + 1], true);
      else left = MakeComparison(*ComparisonOf(syntax.operators[i]), left, children[i + 1]);
    }
    return left;
  }

  NodePtr Like(const Syntax& syntax, std::vector<NodePtr> children) {
    std::string escape = "\\";
    if (children.size() > 2) {
      const auto* literal = dynamic_cast<const LiteralNode*>(children[2].get());
      if (!literal || !IsText(literal->type()->id)) throw Invalid("ESCAPE is followed by a text");
      const Column column{literal->value(), true};
      escape = Reader<std::string_view>(column)[0];
    }
    return MakeLike(syntax.text, children[0], children[1], escape, syntax.negated);
  }

  static NodePtr Is(const Syntax& syntax, std::vector<NodePtr> children) {
    if (syntax.text == "distinct") return MakeDistinct(children[0], children[1], syntax.negated);
    const Truth truth = syntax.text == "true" ? Truth::kTrue : syntax.text == "false" ? Truth::kFalse : Truth::kNull;
    if (syntax.text != "null") children[0] = AsBoolean(children[0]);
    std::string name = std::string(syntax.negated ? "IS NOT " : "IS ") + syntax.text;
    return Fold(std::make_shared<CallNode>(std::move(name), MakeType(TypeId::kBool), IsKernel(truth, syntax.negated), std::move(children)));
  }

  static NodePtr Case(const Syntax& syntax, std::vector<NodePtr> children) {
    const size_t first = syntax.has_operand, pairs = (children.size() - first) / 2;
    std::vector<NodePtr> conditions, values;
    for (size_t i = 0; i < pairs; ++i) {
      NodePtr when = children[first + 2 * i];
      conditions.push_back(syntax.has_operand ? MakeComparison(Comparison::kEqual, children[0], when) : AsBoolean(when));
      values.push_back(children[first + 2 * i + 1]);
    }
    if (syntax.has_else) values.push_back(children.back());
    return Fold(std::make_shared<CaseNode>(std::move(conditions), Unify(std::move(values))));
  }

  static NodePtr Struct(const Syntax& syntax, std::vector<NodePtr> children) {
    std::vector<NodePtr> arguments;
    for (size_t i = 0; i < children.size(); ++i) arguments.push_back(TextLiteral(syntax.operators[i])), arguments.push_back(children[i]);
    return MakeFunctionCall("named_struct", std::move(arguments));
  }

  std::string_view text_;
  const Schema& schema_;
  const Parameters& parameters_;
  std::unordered_map<std::string, std::shared_ptr<const ColumnNode>> columns_;
};

}  // namespace

NodePtr Bind(const Syntax& syntax, std::string_view text, const Schema& schema, const Parameters& parameters) {
  NodePtr root = Binder(text, schema, parameters).Bind(syntax);
  if (TypesEqual(*root->type(), *root->shown_type())) return root;
  NodePtr shown = CastTo(root, root->shown_type());
  shown->SetPosition(syntax.position);
  return shown;
}

NodePtr BindOperand(const Syntax& syntax, std::string_view text, const Schema& schema, const Parameters& parameters) {
  return Plain(Binder(text, schema, parameters).Bind(syntax));
}

}  // namespace eider::expr
