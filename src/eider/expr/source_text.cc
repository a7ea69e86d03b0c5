#include "eider/expr/source_text.h"

#include <algorithm>

#include "eider/base/utf8.h"
#include "eider/expr/functions/characters.h"

namespace eider::expr {
namespace {

constexpr size_t kShownBefore = 60, kShownAfter = 40, kShownWhat = 2000;

std::string Printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return out;
}

}  // namespace

std::string Shortened(std::string_view text, size_t most) {
  if (text.size() <= most) return std::string(text);
  while (most > 0 && IsContinuationByte(text[most])) --most;
  return std::string(text.substr(0, most)) + "...";
}

Error ErrorAt(std::string_view text, size_t position, std::string_view what) {
  position = std::min(position, text.size());
  const size_t line = size_t(std::count(text.begin(), text.begin() + position, '\n')) + 1;
  const size_t newline = position == 0 ? std::string_view::npos : text.rfind('\n', position - 1);
  const size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  const int64_t column = CountCharacters(text.substr(start, position - start)) + 1;
  size_t first = position - start > kShownBefore ? position - kShownBefore : start;
  while (first < position && IsContinuationByte(text[first])) ++first;
  size_t end = std::min({text.find('\n', position), text.size(), position + kShownAfter});
  while (end < text.size() && end > position && IsContinuationByte(text[end])) --end;
  const std::string caret(size_t(CountCharacters(text.substr(first, position - first))), ' ');
  return Invalid("line {}, column {}: {}\n  {}\n  {}^", line, column, Shortened(what, kShownWhat), Printable(text.substr(first, end - first)), caret);
}

}  // namespace eider::expr
