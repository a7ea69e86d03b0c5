#include <eider/conditions.h>

#include <charconv>

#include "eider/base/error.h"
#include "eider/expr/lexer.h"
#include "eider/expr/parser.h"

namespace eider {
namespace {

/// Its parameters become positional ones after those of `out`, its text what goes into parentheses.
std::string MoveInto(const SqlExpression& side, std::vector<ArrayPtr>& out) {
  expr::ParseSyntax(side.text);  // on its own: no parenthesis in it may close the one around it
  const size_t first = out.size();
  out.insert(out.end(), side.positional.begin(), side.positional.end());
  for (const auto& [name, value] : side.named) out.push_back(value);
  const auto place_of = [&](const std::string& name) {
    size_t index = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    const bool is_number = error == std::errc() && end == name.data() + name.size();
    if (is_number && index >= 1 && index <= side.positional.size()) return first + index;
    for (size_t i = 0; i < side.named.size(); ++i) {
      if (side.named[i].first == name) return first + side.positional.size() + i + 1;
    }
    throw Invalid("there is no value for parameter ${} ({} by position, {} by name are given)", name, side.positional.size(),
                  side.named.size());
  };
  std::string text;
  size_t copied = 0;
  expr::Lexer lexer(side.text);
  for (expr::Token token = lexer.Next(); token.kind != expr::TokenKind::kEnd; token = lexer.Next()) {
    if (token.kind != expr::TokenKind::kParameter) continue;
    text += side.text.substr(copied, token.position - copied) + "$" + std::to_string(place_of(token.text));
    copied = token.position + 1 + token.text.size();
  }
  text += side.text.substr(copied);
  if (text.find("--") != std::string::npos) text += '\n';  // the end of a comment
  return text;
}

}  // namespace

SqlExpression BothConditions(const SqlExpression& left, const SqlExpression& right) {
  SqlExpression both;
  both.text = "(" + MoveInto(left, both.positional) + ")";
  both.text += " AND (" + MoveInto(right, both.positional) + ")";
  return both;
}

}  // namespace eider
