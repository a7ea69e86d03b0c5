#pragma once
/// \file
/// Text to tokens, one at a time.
///
///     name   `quoted name`   'text'   "text"   x'6162'   12   1.5e3   $1   $name   operators
///     -- a comment          /* a comment */
///
/// A quote within quotes is written twice.

#include <string>
#include <string_view>

namespace eider::expr {

enum class TokenKind { kEnd, kName, kQuotedName, kText, kHex, kNumber, kParameter, kOperator };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  size_t position = 0;
  std::string text;  ///< without quotes, `x` or `$`; of a name as written
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  /// \throws Error(kInvalid) with the position of what is no token
  Token Next();
  std::string_view text() const { return text_; }

 private:
  void SkipBlanks();
  Token Quoted(TokenKind kind, char quote, size_t start);
  Token Number();
  Token Name();
  Token Parameter();
  Token Operator();

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace eider::expr
