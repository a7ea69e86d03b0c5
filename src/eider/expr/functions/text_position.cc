/// Functions of text that give numbers and booleans.

#include <algorithm>

#include "eider/expr/functions/characters.h"
#include "eider/expr/functions/function.h"
#include "eider/expr/functions/map_rows.h"

namespace eider::expr {
namespace {

using Text = std::string_view;

int32_t Strpos(Text text, Text part) {
  const size_t at = FindText(text, part);
  return at == Text::npos ? 0 : int32_t(CountCharacters(text.substr(0, at)) + 1);
}

int32_t FindInSet(Text text, Text set) {
  int32_t index = 1;
  for (size_t at = 0;; ++index) {
    const size_t end = std::min(set.find(',', at), set.size());
    if (set.substr(at, end - at) == text) return set.empty() ? 0 : index;
    if (end == set.size()) return 0;
    at = end + 1;
  }
}

std::vector<uint32_t> CharactersOf(Text text) {
  std::vector<uint32_t> out;
  for (size_t at = 0; at < text.size();) out.push_back(NextCharacter(text, &at));
  return out;
}

int32_t Levenshtein(Text a, Text b) {
  constexpr uint64_t kMaxSteps = 100'000'000;
  // A character has at most four bytes: texts far too long are not taken apart.
  if (uint64_t(a.size() / 4) * (b.size() / 4) > kMaxSteps) throw Invalid("texts of {} and {} bytes are too long", a.size(), b.size());
  const std::vector<uint32_t> left = CharactersOf(a), right = CharactersOf(b);
  if (uint64_t(left.size()) * right.size() > kMaxSteps) throw Invalid("texts of {} and {} characters are too long", left.size(), right.size());
  std::vector<int32_t> row(right.size() + 1);
  for (size_t j = 0; j <= right.size(); ++j) row[j] = int32_t(j);
  for (size_t i = 1; i <= left.size(); ++i) {
    if (i % 64 == 0) CheckInterrupt();
    int32_t corner = std::exchange(row[0], int32_t(i));
    for (size_t j = 1; j <= right.size(); ++j) {
      corner = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, corner + (left[i - 1] != right[j - 1])}));
    }
  }
  return row[right.size()];
}

int32_t Ascii(Text text) {
  size_t at = 0;
  return text.empty() ? 0 : int32_t(NextCharacter(text, &at));
}

/// Runs of letters and digits, as they are written.
std::vector<std::string> TokensOf(Text text) {
  std::vector<std::string> out;
  bool inside = false;
  for (size_t at = 0; at < text.size();) {
    const uint32_t c = NextCharacter(text, &at);
    const bool word = IsAlphanumeric(c);
    if (word && !inside) out.emplace_back();
    if (word) AppendCharacter(c, out.back());
    inside = word;
  }
  return out;
}

bool ContainsTokens(Text text, Text wanted) {
  const std::vector<std::string> have = TokensOf(text), want = TokensOf(wanted);
  return std::all_of(want.begin(), want.end(), [&](const std::string& token) { return std::find(have.begin(), have.end(), token) != have.end(); });
}

}  // namespace

FunctionTable TextPositionFunctions() {
  return {
      {"char_length|character_length|length|len", "value -> int32", Map([](Text s) { return int32_t(CountCharacters(s)); })},
      {"octet_length", "text -> int32", Map([](Text s) { return int32_t(s.size()); })},
      {"octet_length|length", "binary -> int32", Map([](Text s) { return int32_t(s.size()); })},
      {"bit_length", "text -> int32", Map([](Text s) { return int32_t(8 * s.size()); })},
      {"ascii", "text -> int32", Map([](Text s) { return Ascii(s); })},
      {"strpos|instr|position", "text, text -> int32", Map([](Text s, Text part) { return Strpos(s, part); })},
      {"find_in_set", "text, text -> int32", Map([](Text s, Text set) { return FindInSet(s, set); })},
      {"levenshtein", "text, text -> int32", Map([](Text a, Text b) { return Levenshtein(a, b); })},
      {"contains", "text, text -> bool", Map([](Text s, Text part) { return FindText(s, part) != Text::npos; })},
      {"starts_with", "text, text -> bool", Map([](Text s, Text part) { return s.starts_with(part); })},
      {"ends_with", "text, text -> bool", Map([](Text s, Text part) { return s.ends_with(part); })},
      {"contains_tokens", "text, text -> bool", Map([](Text s, Text tokens) { return ContainsTokens(s, tokens); })},
  };
}

}  // namespace eider::expr
