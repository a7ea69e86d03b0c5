#include "eider/expr/lexer.h"

#include "eider/base/utf8.h"
#include "eider/expr/source_text.h"

namespace eider::expr {
namespace {

bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80; }
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

/// Longest first where one begins another.
constexpr std::string_view kOperators[] = {"!~~*", "<=>", "!~*", "!~~", "~~*", "->>", "::", "==", "!=", "<>", "<=", ">=", "||", "<<", ">>", "~*",
                                           "!~", "~~", "->", "=",  "<",  ">",  "+",  "-",  "*",  "/",  "%",  "(",  ")",
                                           "[",  "]",  ",",  ".",  ":",  "~",  "&",  "|",  "^",  "{",  "}"};

}  // namespace

void Lexer::SkipBlanks() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at_;
    } else if (text_.substr(at_, 2) == "--") {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (text_.substr(at_, 2) == "/*") {
      const size_t end = text_.find("*/", at_ + 2);
      if (end == std::string_view::npos) throw ErrorAt(text_, at_, "this comment has no end");
      at_ = end + 2;
    } else {
      return;
    }
  }
}

Token Lexer::Next() {
  SkipBlanks();
  if (at_ == text_.size()) return {TokenKind::kEnd, at_, ""};
  const char c = text_[at_];
  if (c == '\'' || c == '"') return Quoted(TokenKind::kText, c, at_);
  if (c == '`') return Quoted(TokenKind::kQuotedName, c, at_);
  if ((c == 'x' || c == 'X') && at_ + 1 < text_.size() && text_[at_ + 1] == '\'') {
    const size_t start = at_++;
    return Quoted(TokenKind::kHex, '\'', start);
  }
  if (IsDigit(c) || (c == '.' && at_ + 1 < text_.size() && IsDigit(text_[at_ + 1]))) return Number();
  if (IsNameStart(c)) return Name();
  if (c == '$') return Parameter();
  return Operator();
}

Token Lexer::Quoted(TokenKind kind, char quote, size_t start) {
  Token token{kind, start, ""};
  size_t from = ++at_;
  for (;;) {
    const size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) {
      throw ErrorAt(text_, start, kind == TokenKind::kQuotedName ? "this name has no closing quote" : "this text has no closing quote");
    }
    token.text.append(text_.substr(from, end - from));
    at_ = end + 1;
    if (at_ == text_.size() || text_[at_] != quote) return token;
    token.text.push_back(quote);
    from = ++at_;
  }
}

Token Lexer::Number() {
  const size_t start = at_;
  const auto digits = [&] { while (at_ < text_.size() && IsDigit(text_[at_])) ++at_; };
  digits();
  if (at_ < text_.size() && text_[at_] == '.') ++at_, digits();
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    size_t exponent = at_ + 1;
    if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) ++exponent;
    if (exponent < text_.size() && IsDigit(text_[exponent])) at_ = exponent, digits();
  }
  if (at_ < text_.size() && IsNamePart(text_[at_])) throw ErrorAt(text_, start, "a number runs into a name");
  return {TokenKind::kNumber, start, std::string(text_.substr(start, at_ - start))};
}

Token Lexer::Name() {
  const size_t start = at_;
  while (at_ < text_.size() && IsNamePart(text_[at_])) ++at_;
  return {TokenKind::kName, start, std::string(text_.substr(start, at_ - start))};
}

Token Lexer::Parameter() {
  const size_t start = at_++;
  while (at_ < text_.size() && IsNamePart(text_[at_])) ++at_;
  if (at_ == start + 1) throw ErrorAt(text_, start, "expected a number or a name after $");
  return {TokenKind::kParameter, start, std::string(text_.substr(start + 1, at_ - start - 1))};
}

Token Lexer::Operator() {
  for (const std::string_view symbol : kOperators) {
    if (text_.substr(at_, symbol.size()) != symbol) continue;
    at_ += symbol.size();
    return {TokenKind::kOperator, at_ - symbol.size(), std::string(symbol)};
  }
  const auto byte = static_cast<unsigned char>(text_[at_]);
  throw ErrorAt(text_, at_, byte < 0x20 || byte == 0x7F ? fmt::format("unexpected character U+{:04X}", byte) : fmt::format("unexpected character '{}'", text_[at_]));
}

}  // namespace eider::expr
