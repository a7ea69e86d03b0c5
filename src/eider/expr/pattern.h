#pragma once
/// \file
/// Patterns: LIKE, and regular expressions on RE2, whose time is linear in the text and whose memory is bounded.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "eider/expr/byte_automaton.h"
#include "eider/expr/node.h"

namespace re2 {
class RE2;
}

namespace eider::expr {

class RegexpMatcher {
 public:
  /// As CompileRegexp.
  RegexpMatcher(std::string_view pattern, std::string_view flags);
  /// Whether it matches somewhere in the text.
  bool Matches(std::string_view text) const;

 private:
  std::shared_ptr<const ByteAutomaton> automaton_;  ///< null: re2_ does it
  std::shared_ptr<const re2::RE2> re2_;
};

/// % is any text, _ any one character, the escape character takes its meaning from the next one.
class LikePattern {
 public:
  /// \throws Error(kInvalid) for a pattern that ends in its escape character
  LikePattern(std::string_view pattern, bool ignore_case, char escape = '\\');
  bool Matches(std::string_view text) const;
  /// The text before the first wildcard, when that is a lone % at the end: what an index or statistics can use.
  const std::string* prefix() const { return shape_ == Shape::kPrefix ? &text_ : nullptr; }

 private:
  enum class Shape { kEqual, kPrefix, kSuffix, kContains, kGeneral, kFolded };
  /// Parts between %: characters, or -1 for _.
  struct Part {
    std::string text;
    std::vector<bool> any;  ///< by byte of `text`: is _
    bool has_any = false;
    std::vector<uint32_t> borders; ///< of a long part without _: by length, that of the longest proper prefix that is also a suffix
    std::vector<uint64_t> masks;  ///< of a long part with _: by byte, and (at 256) for _, one bit per place in `text` that it matches
  };
  bool MatchesParts(std::string_view text) const;
  static size_t MatchAt(const Part& part, std::string_view text, size_t at);
  static void MakeBorders(Part* part);
  static size_t FindLongPlain(const Part& part, std::string_view text, size_t from);
  static void MakeMasks(Part* part);
  static size_t FindLongPart(const Part& part, std::string_view text, size_t from);
  static size_t FindPart(const Part& part, std::string_view text, size_t from, size_t* end);
  bool MatchesEnd(const Part& part, std::string_view text, size_t from) const;

  Shape shape_ = Shape::kGeneral;
  std::string text_;
  std::vector<Part> parts_;
  std::shared_ptr<const RegexpMatcher> folded_;
};

/// value [NOT] LIKE pattern, over text columns.
Kernel LikeKernel(bool ignore_case, bool negated, char escape);

/// A compiled expression. `flags`: i ignore case, s . matches a newline, m ^ and $ match at lines, U ungreedy, x is refused.
/// \throws Error(kInvalid) with the engine's words
std::shared_ptr<const re2::RE2> CompileRegexp(std::string_view pattern, std::string_view flags);
/// value [!]~ pattern
Kernel RegexpKernel(bool ignore_case, bool negated);
/// SIMILAR TO: % and _ as in LIKE, | * + ? () {} [] as in regular expressions, and the whole text must match.
Kernel SimilarKernel(bool negated, char escape);

/// The last pattern, so that a constant one is compiled once per batch.
class RegexpCache {
 public:
  const re2::RE2& Get(std::string_view pattern, std::string_view flags);

 private:
  std::string pattern_, flags_;
  std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace eider::expr
