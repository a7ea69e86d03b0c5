#include "eider/expr/parser.h"

#include <algorithm>
#include <array>

#include "eider/base/utf8.h"
#include "eider/expr/lexer.h"
#include "eider/expr/source_text.h"

namespace eider::expr {
namespace {

/// Binding strengths, as the reference's parser has them.
enum Strength { kNone = 0, kOrs = 5, kAnds = 10, kNots = 15, kIss = 17, kLikes = 19, kEquals = 20, kPipe = 21, kCaret = 22, kAmpersand = 23, kSum = 30, kProduct = 40, kPostfix = 50 };

bool SameWord(std::string_view a, std::string_view upper) {
  return a.size() == upper.size() &&
         std::equal(a.begin(), a.end(), upper.begin(), [](char x, char y) { return (x >= 'a' && x <= 'z' ? x - 32 : x) == y; });
}

/// Words that end an expression rather than name a column.
constexpr std::string_view kReserved[] = {"AND", "OR", "IN", "IS", "LIKE", "ILIKE", "BETWEEN", "THEN", "ELSE", "END", "WHEN", "AS", "FROM", "SELECT",
                                          "ESCAPE", "SIMILAR", "FOR", "COLLATE", "WHERE", "GROUP", "ORDER", "LIMIT", "UNION"};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), lexer_(text) {
    if (text.size() > kMaxTextBytes) throw Invalid("a text of {} bytes; expressions have at most {}", text.size(), kMaxTextBytes);
    token_ = lexer_.Next();
    next_ = lexer_.Next();
  }

  SyntaxPtr Whole() {
    SyntaxPtr out = Expression(kNone);
    if (token_.kind != TokenKind::kEnd) Fail("an operator or the end");
    return out;
  }

 private:
  // ---- tokens ----
  [[noreturn]] void Fail(std::string_view expected) {
    const char* sign = token_.kind == TokenKind::kParameter ? "$" : "";
    const std::string found = token_.kind == TokenKind::kEnd ? "the end" : fmt::format("'{}{}'", sign, token_.text.substr(0, 40));
    throw ErrorAt(text_, token_.position, fmt::format("expected {}, found {}", expected, found));
  }
  Token Take() {
    Token taken = std::move(token_);
    token_ = std::move(next_);
    next_ = lexer_.Next();
    return taken;
  }
  static bool IsWord(const Token& token, std::string_view word) { return token.kind == TokenKind::kName && SameWord(token.text, word); }
  static bool IsSymbol(const Token& token, std::string_view symbol) { return token.kind == TokenKind::kOperator && token.text == symbol; }
  bool AtWord(std::string_view word) const { return IsWord(token_, word); }
  bool AtSymbol(std::string_view symbol) const { return IsSymbol(token_, symbol); }
  bool TakeWord(std::string_view word) { return AtWord(word) && (Take(), true); }
  bool TakeSymbol(std::string_view symbol) { return AtSymbol(symbol) && (Take(), true); }
  void NeedWord(std::string_view word) { if (!TakeWord(word)) Fail(word); }
  void NeedSymbol(std::string_view symbol) { if (!TakeSymbol(symbol)) Fail(fmt::format("'{}'", symbol)); }

  // ---- nodes ----
  SyntaxPtr Make(SyntaxKind kind, size_t position, std::string text = {}) {
    auto node = std::make_unique<Syntax>();
    node->kind = kind, node->position = position, node->text = std::move(text);
    return node;
  }
  void Add(Syntax& parent, SyntaxPtr child) {
    parent.depth = std::max(parent.depth, child->depth + 1);
    if (parent.depth > kMaxDepth) throw ErrorAt(text_, child->position, fmt::format("nested more than {} deep", kMaxDepth));
    parent.children.push_back(std::move(child));
  }
  template <typename... Children>
  SyntaxPtr Make(SyntaxKind kind, size_t position, std::string text, SyntaxPtr child, Children... children) {
    SyntaxPtr node = Make(kind, position, std::move(text));
    Add(*node, std::move(child));
    (Add(*node, std::move(children)), ...);
    return node;
  }

  // ---- expressions ----
  SyntaxPtr Expression(int strength) {
    if (++nesting_ > kMaxDepth) throw ErrorAt(text_, token_.position, fmt::format("nested more than {} deep", kMaxDepth));
    SyntaxPtr left = Prefix();
    for (int next = NextStrength(); next > strength; next = NextStrength()) left = Infix(std::move(left), next);
    --nesting_;
    return left;
  }

  int NextStrength() const {
    if (token_.kind == TokenKind::kName) {
      if (SameWord(token_.text, "OR")) return kOrs;
      if (SameWord(token_.text, "AND")) return kAnds;
      if (SameWord(token_.text, "IS")) return kIss;
      const Token& word = SameWord(token_.text, "NOT") ? next_ : token_;
      if (IsWord(word, "IN") || IsWord(word, "BETWEEN")) return kEquals;
      if (IsWord(word, "LIKE") || IsWord(word, "ILIKE") || IsWord(word, "SIMILAR")) return kLikes;
      return kNone;
    }
    if (token_.kind != TokenKind::kOperator) return kNone;
    const std::string& symbol = token_.text;
    for (const std::string_view each : {"=", "==", "!=", "<>", "<", "<=", ">", ">=", "<=>", "~", "~*", "!~", "!~*", "~~", "~~*", "!~~", "!~~*"}) {
      if (symbol == each) return kEquals;
    }
    if (symbol == "|") return kPipe;
    if (symbol == "^" || symbol == "<<" || symbol == ">>") return kCaret;
    if (symbol == "&") return kAmpersand;
    if (symbol == "+" || symbol == "-") return kSum;
    if (symbol == "*" || symbol == "/" || symbol == "%" || symbol == "||") return kProduct;
    if (symbol == "::" || symbol == "[" || symbol == "." || symbol == "->" || symbol == "->>") return kPostfix;
    return kNone;
  }

  SyntaxPtr Infix(SyntaxPtr left, int strength) {
    const size_t position = token_.position;
    if (strength == kPostfix) return Postfix(std::move(left));
    if (strength == kIss) return Is(std::move(left));
    if (token_.kind == TokenKind::kName && strength >= kLikes) {
      const bool negated = TakeWord("NOT");
      if (TakeWord("IN")) return In(std::move(left), position, negated);
      if (TakeWord("BETWEEN")) return Between(std::move(left), position, negated);
      return Like(std::move(left), position, negated);
    }
    if (strength == kOrs || strength == kAnds) return Chain(std::move(left), strength, strength == kOrs ? SyntaxKind::kOr : SyntaxKind::kAnd);
    if (token_.text.find('~') != std::string::npos) return Match(std::move(left));
    return Chain(std::move(left), strength, SyntaxKind::kChain);
  }

  /// Operands of one strength. A left side that is a chain of the same strength is not in parentheses: Infix is called once for it.
  SyntaxPtr Chain(SyntaxPtr left, int strength, SyntaxKind kind) {
    SyntaxPtr chain = Make(kind, token_.position, {}, std::move(left));
    while (NextStrength() == strength && (token_.kind == TokenKind::kOperator ? token_.text.find('~') == std::string::npos : strength <= kAnds)) {
      const Token op = Take();
      if (kind == SyntaxKind::kChain) chain->operators.push_back(op.text);
      Add(*chain, Expression(strength));
    }
    return chain;
  }

  SyntaxPtr Match(SyntaxPtr left) {
    const Token op = Take();
    const bool insensitive = op.text.back() == '*', like = op.text.find("~~") != std::string::npos;
    SyntaxPtr out = Make(SyntaxKind::kLike, op.position, std::string(like ? (insensitive ? "ilike" : "like") : (insensitive ? "iregexp" : "regexp")),
                         std::move(left), Expression(kEquals));
    out->negated = op.text[0] == '!';
    return out;
  }

  SyntaxPtr Like(SyntaxPtr left, size_t position, bool negated) {
    std::string how = TakeWord("LIKE") ? "like" : TakeWord("ILIKE") ? "ilike" : "similar";
    if (how == "similar") NeedWord("SIMILAR"), NeedWord("TO");
    SyntaxPtr out = Make(SyntaxKind::kLike, position, std::move(how), std::move(left), Expression(kLikes));
    out->negated = negated;
    if (TakeWord("ESCAPE")) Add(*out, Expression(kLikes));
    return out;
  }

  SyntaxPtr In(SyntaxPtr left, size_t position, bool negated) {
    SyntaxPtr out = Make(SyntaxKind::kIn, position, {}, std::move(left));
    out->negated = negated;
    if (token_.kind == TokenKind::kParameter) Fail(fmt::format("parentheses: IN (${})", token_.text.substr(0, 40)));
    NeedSymbol("(");
    if (AtWord("SELECT")) Fail("a list of values (there are no subqueries)");
    do Add(*out, Expression(kNone)); while (TakeSymbol(","));
    NeedSymbol(")");
    return out;
  }

  SyntaxPtr Between(SyntaxPtr left, size_t position, bool negated) {
    SyntaxPtr low = Expression(kEquals);
    NeedWord("AND");
    SyntaxPtr out = Make(SyntaxKind::kBetween, position, {}, std::move(left), std::move(low), Expression(kEquals));
    out->negated = negated;
    return out;
  }

  SyntaxPtr Is(SyntaxPtr left) {
    const size_t position = Take().position;
    const bool negated = TakeWord("NOT");
    for (const std::string_view word : {"NULL", "TRUE", "FALSE", "UNKNOWN"}) {
      if (!TakeWord(word)) continue;
      SyntaxPtr out = Make(SyntaxKind::kIs, position, LowerAscii(word), std::move(left));
      out->negated = negated;
      return out;
    }
    if (!TakeWord("DISTINCT")) Fail("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM");
    NeedWord("FROM");
    SyntaxPtr out = Make(SyntaxKind::kIs, position, "distinct", std::move(left), Expression(kIss));
    out->negated = negated;
    return out;
  }

  SyntaxPtr Postfix(SyntaxPtr left) {
    const Token op = Take();
    if (op.text == "::") {
      std::string type = TypeName();
      return Make(SyntaxKind::kCast, op.position, std::move(type), std::move(left));
    }
    if (op.text == ".") {
      if (token_.kind != TokenKind::kName && token_.kind != TokenKind::kQuotedName) Fail("the name of a field");
      return Make(SyntaxKind::kField, op.position, Take().text, std::move(left));
    }
    if (op.text != "[") {
      SyntaxPtr key = Expression(kPostfix);
      return Make(SyntaxKind::kCall, op.position, op.text == "->" ? "json_extract_path" : "json_extract_path_text", std::move(left), std::move(key));
    }
    SyntaxPtr first = AtSymbol(":") ? nullptr : Expression(kNone);
    if (first && TakeSymbol("]")) return Make(SyntaxKind::kIndex, op.position, {}, std::move(left), std::move(first));
    NeedSymbol(":");
    SyntaxPtr last = AtSymbol("]") ? nullptr : Expression(kNone);
    NeedSymbol("]");
    const auto or_null = [&](SyntaxPtr bound) { return bound ? std::move(bound) : Make(SyntaxKind::kNull, op.position); };
    return Make(SyntaxKind::kSlice, op.position, {}, std::move(left), or_null(std::move(first)), or_null(std::move(last)));
  }

  // ---- beginnings ----
  SyntaxPtr Prefix() {
    const size_t position = token_.position;
    switch (token_.kind) {
      case TokenKind::kEnd: Fail("an expression");
      case TokenKind::kNumber: return Make(SyntaxKind::kNumber, position, Take().text);
      case TokenKind::kText: return Make(SyntaxKind::kText, position, Take().text);
      case TokenKind::kHex: return Make(SyntaxKind::kHex, position, Take().text);
      case TokenKind::kParameter: return Make(SyntaxKind::kParameter, position, Take().text);
      case TokenKind::kQuotedName: return Make(SyntaxKind::kName, position, Take().text);
      case TokenKind::kOperator: return SymbolPrefix();
      case TokenKind::kName: return WordPrefix();
    }
    Fail("an expression");
  }

  SyntaxPtr SymbolPrefix() {
    const size_t position = token_.position;
    if (TakeSymbol("(")) {
      if (AtWord("SELECT")) Fail("an expression (there are no subqueries)");
      SyntaxPtr inner = Expression(kNone);
      if (AtSymbol(",")) Fail("')' (there are no tuples)");
      NeedSymbol(")");
      return inner;
    }
    if (TakeSymbol("[")) return List(position);
    if (TakeSymbol("{")) return Struct(position);
    for (const std::string_view sign : {"-", "+", "~"}) {
      if (!TakeSymbol(sign)) continue;
      if (sign == "-" && token_.kind == TokenKind::kNumber && NextIsPostfix() == false) {
        return Make(SyntaxKind::kNumber, position, "-" + Take().text);
      }
      return Make(SyntaxKind::kUnary, position, std::string(sign), Expression(kProduct));
    }
    Fail("an expression");
  }
  bool NextIsPostfix() const { return IsSymbol(next_, "::") || IsSymbol(next_, "["); }

  SyntaxPtr List(size_t position) {
    SyntaxPtr out = Make(SyntaxKind::kArray, position);
    if (TakeSymbol("]")) return out;
    do Add(*out, Expression(kNone)); while (TakeSymbol(","));
    NeedSymbol("]");
    return out;
  }

  SyntaxPtr Struct(size_t position) {
    SyntaxPtr out = Make(SyntaxKind::kStruct, position);
    do {
      if (token_.kind == TokenKind::kEnd || token_.kind == TokenKind::kOperator) Fail("the name of a field");
      out->operators.push_back(Take().text);
      NeedSymbol(":");
      Add(*out, Expression(kNone));
    } while (TakeSymbol(","));
    NeedSymbol("}");
    return out;
  }

  SyntaxPtr WordPrefix() {
    const size_t position = token_.position;
    if (AtWord("NOT")) {
      Take();
      return Make(SyntaxKind::kNot, position, {}, Expression(kNots));
    }
    if (!IsSymbol(next_, ".")) {
      if (TakeWord("NULL")) return Make(SyntaxKind::kNull, position);
      if (AtWord("TRUE") || AtWord("FALSE")) return Make(SyntaxKind::kBool, position, std::string(SameWord(Take().text, "TRUE") ? "true" : "false"));
      if (AtWord("CASE")) return Case();
      if (AtWord("INTERVAL") && (next_.kind == TokenKind::kText || next_.kind == TokenKind::kNumber)) return Interval();
      if (AtWord("ARRAY") && IsSymbol(next_, "[")) return Take(), Take(), List(position);
      if (AtWord("EXISTS") && IsSymbol(next_, "(")) Fail("an expression (there are no subqueries)");
    }
    for (const std::string_view word : kReserved) {
      if (AtWord(word) && !IsSymbol(next_, ".")) Fail("an expression");
    }
    if (IsSymbol(next_, "(")) return NamedForm();
    if (next_.kind == TokenKind::kText && IsTypedLiteral()) {
      std::string type = Take().text;
      return Make(SyntaxKind::kTyped, position, std::move(type), Make(SyntaxKind::kText, token_.position, Take().text));
    }
    return Make(SyntaxKind::kName, position, Take().text);
  }

  bool IsTypedLiteral() const {
    for (const std::string_view word : {"DATE", "TIMESTAMP", "DATETIME", "TIME", "TIMESTAMPTZ", "DECIMAL", "NUMERIC", "BINARY", "BIGINT", "INT", "INTEGER", "DOUBLE", "FLOAT"}) {
      if (AtWord(word)) return true;
    }
    return false;
  }

  SyntaxPtr Interval() {
    const size_t position = Take().position;
    std::string text = Take().text;
    for (const std::string_view unit : {"YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND", "NANOSECOND"}) {
      if (AtWord(unit) || AtWord(std::string(unit) + "S")) {
        text += " " + Take().text;
        break;
      }
    }
    return Make(SyntaxKind::kInterval, position, std::move(text));
  }

  SyntaxPtr Case() {
    SyntaxPtr out = Make(SyntaxKind::kCase, Take().position);
    if (!AtWord("WHEN")) out->has_operand = true, Add(*out, Expression(kNone));
    do {
      NeedWord("WHEN");
      Add(*out, Expression(kNone));
      NeedWord("THEN");
      Add(*out, Expression(kNone));
    } while (AtWord("WHEN"));
    if (TakeWord("ELSE")) out->has_else = true, Add(*out, Expression(kNone));
    NeedWord("END");
    return out;
  }

  /// name( : a call, one of the forms with words inside, or a type with parameters before a text.
  SyntaxPtr NamedForm() {
    if (AtWord("CAST") || AtWord("TRY_CAST") || AtWord("SAFE_CAST")) return Cast();
    if (AtWord("EXTRACT")) return Extract();
    if (AtWord("POSITION")) return Position();
    if (AtWord("TRIM")) return Trim();
    if (AtWord("SUBSTRING") || AtWord("OVERLAY")) return Words();
    const size_t position = token_.position;
    if (AtWord("DECIMAL") || AtWord("NUMERIC") || AtWord("TIMESTAMP")) {
      std::string type = TypeName();
      if (token_.kind != TokenKind::kText) Fail("a text after the type");
      return Make(SyntaxKind::kTyped, position, std::move(type), Make(SyntaxKind::kText, token_.position, Take().text));
    }
    SyntaxPtr call = Make(SyntaxKind::kCall, position, Take().text);
    NeedSymbol("(");
    if (TakeSymbol(")")) return call;
    do Add(*call, Expression(kNone)); while (TakeSymbol(","));
    NeedSymbol(")");
    return call;
  }

  SyntaxPtr Cast() {
    const Token word = Take();
    NeedSymbol("(");
    SyntaxPtr value = Expression(kNone);
    NeedWord("AS");
    SyntaxPtr out = Make(SyntaxKind::kCast, word.position, TypeName(), std::move(value));
    out->negated = !SameWord(word.text, "CAST");
    NeedSymbol(")");
    return out;
  }

  SyntaxPtr Extract() {
    const size_t position = Take().position;
    NeedSymbol("(");
    if (token_.kind != TokenKind::kName && token_.kind != TokenKind::kText) Fail("a part of a date");
    SyntaxPtr part = Make(SyntaxKind::kText, token_.position, Take().text);
    if (!TakeWord("FROM")) NeedSymbol(",");
    SyntaxPtr value = Expression(kNone);
    NeedSymbol(")");
    return Make(SyntaxKind::kCall, position, "date_part", std::move(part), std::move(value));
  }

  SyntaxPtr Position() {
    const size_t position = Take().position;
    NeedSymbol("(");
    SyntaxPtr first = Expression(kEquals);
    const bool in = TakeWord("IN");
    if (!in) NeedSymbol(",");
    SyntaxPtr second = Expression(kNone);
    NeedSymbol(")");
    if (in) std::swap(first, second);
    return Make(SyntaxKind::kCall, position, "strpos", std::move(first), std::move(second));
  }

  SyntaxPtr Trim() {
    const size_t position = Take().position;
    NeedSymbol("(");
    std::string name = "btrim";
    bool form = false;
    if (token_.kind == TokenKind::kName && !IsSymbol(next_, ",") && !IsSymbol(next_, ")")) {
      if (TakeWord("LEADING")) name = "ltrim", form = true;
      else if (TakeWord("TRAILING")) name = "rtrim", form = true;
      else if (TakeWord("BOTH")) form = true;
    }
    SyntaxPtr first = form && TakeWord("FROM") ? nullptr : Expression(kNone);
    SyntaxPtr out = Make(SyntaxKind::kCall, position, std::move(name));
    if (!first) {
      Add(*out, Expression(kNone));
    } else if (TakeWord("FROM")) {
      Add(*out, Expression(kNone));
      Add(*out, std::move(first));
    } else {
      Add(*out, std::move(first));
      if (TakeSymbol(",")) Add(*out, Expression(kNone));
    }
    NeedSymbol(")");
    return out;
  }

  /// SUBSTRING(s FROM 1 FOR 2), OVERLAY(s PLACING t FROM 1 FOR 2), or with commas.
  SyntaxPtr Words() {
    SyntaxPtr out = Make(SyntaxKind::kCall, token_.position, Take().text);
    NeedSymbol("(");
    do Add(*out, Expression(kNone)); while (TakeSymbol(",") || TakeWord("PLACING") || TakeWord("FROM") || TakeWord("FOR"));
    NeedSymbol(")");
    return out;
  }

  /// The words of a type, in small letters and without blanks but between words: "decimal(10,2)", "bigint unsigned".
  std::string TypeName() {
    if (token_.kind != TokenKind::kName && token_.kind != TokenKind::kText) Fail("a type");
    std::string name = LowerAscii(Take().text);
    if (name == "double" && AtWord("PRECISION")) Take();
    if (AtSymbol("(")) {
      Take();
      name += "(";
      while (!AtSymbol(")")) {
        if (token_.kind != TokenKind::kNumber) Fail("a number");
        name += Take().text;
        if (!AtSymbol(")")) NeedSymbol(","), name += ",";
      }
      Take();
      name += ")";
    }
    if (TakeWord("UNSIGNED")) name += " unsigned";
    if (AtWord("WITH") || AtWord("WITHOUT")) {
      const bool zone = IsWord(Take(), "WITH");
      NeedWord("TIME"), NeedWord("ZONE");
      if (zone) name += " with time zone";
    }
    while (AtSymbol("[") && IsSymbol(next_, "]")) Take(), Take(), name += "[]";
    return name;
  }

  std::string_view text_;
  Lexer lexer_;
  Token token_, next_;
  int nesting_ = 0;
};

}  // namespace

SyntaxPtr ParseSyntax(std::string_view text) { return Parser(text).Whole(); }

}  // namespace eider::expr
