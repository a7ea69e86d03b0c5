#include "eider/expr/pattern.h"

#include <re2/re2.h>

#include <algorithm>
#include <mutex>

#include "eider/base/fork_safe_mutex.h"
#include "eider/base/utf8.h"
#include "eider/expr/source_text.h"
#include "eider/expr/test_rows.h"

namespace eider::expr {
namespace {

constexpr int64_t kMaxRegexpBytes = int64_t{8} << 20;
constexpr size_t kLongPart = 32;  // bytes from which on trying each place one by one is slow

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

size_t CharacterBytes(char c) {
  const unsigned char lead = static_cast<unsigned char>(c);
  return lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/// The pattern as a regular expression, for what ignores case.
std::string LikeToRegexp(std::string_view pattern, char escape) {
  std::string out = "(?is)\\A", plain;
  const auto flush = [&] { out += RE2::QuoteMeta(plain), plain.clear(); };
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == escape && i + 1 < pattern.size()) plain.push_back(pattern[++i]);
    else if (pattern[i] == '%') flush(), out += ".*";
    else if (pattern[i] == '_') flush(), out += ".";
    else plain.push_back(pattern[i]);
  }
  flush();
  return out + "\\z";
}

/// The pattern that was compiled last, for all threads: compiling a constant one for every batch would cost more than matching it.
template <typename Pattern>
class KeptPattern {
 public:
  template <typename Make>
  std::shared_ptr<const Pattern> Get(std::string_view text, Make&& make) {
    std::lock_guard lock(mutex_);
    if (!pattern_ || text != text_) pattern_ = std::make_shared<const Pattern>(make(text)), text_ = text;
    return pattern_;
  }

 private:
  ForkSafeMutex mutex_;
  std::string text_;
  std::shared_ptr<const Pattern> pattern_;
};

/// value [NOT] matches pattern, where make(pattern) compiles one.
template <typename Pattern, typename Make>
Kernel PatternKernel(bool negated, Make make) {
  return [negated, make, kept = std::make_shared<KeptPattern<Pattern>>()](const Call& call) {
    const Column &values = call.arguments[0], &patterns = call.arguments[1];
    const Reader<std::string_view> texts(values), all(patterns);
    std::shared_ptr<const Pattern> pattern;
    std::string last;
    BufferBuilder found = TestRows(call.rows, [&](int64_t row) {
      if (!values.IsValid(row) || !patterns.IsValid(row) || !IsLive(call.live, row)) return false;
      if (!pattern || (!patterns.constant && last != all[row])) last = all[row], pattern = kept->Get(last, make);
      return pattern->Matches(texts[row]);
    });
    if (negated) FlipBits(found);
    return MakeBools(call.rows, found.Finish(), IntersectValidity(call.arguments.first(2), call.rows));
  };
}

/// SIMILAR TO as a regular expression: % and _ stand for texts and characters, but for themselves behind the escape and in brackets.
std::string SimilarToRegexp(std::string_view pattern, char escape) {
  std::string regexp = "(?s)\\A(?:";
  bool in_brackets = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == escape && i + 1 < pattern.size()) {
      ++i;
      const size_t bytes = CharacterBytes(pattern[i]);
      regexp += RE2::QuoteMeta(std::string(pattern.substr(i, bytes)));
      i += bytes - 1;
    } else if (in_brackets) {
      in_brackets = c != ']';
      regexp += c;
    } else if (c == '[') {
      in_brackets = true;
      regexp += c;
    } else if (c == '%' || c == '_') {
      regexp += c == '%' ? ".*" : ".";
    } else {
      if (c == '.' || c == '^' || c == '$' || c == '\\') regexp += '\\';
      regexp += c;
    }
  }
  return regexp + ")\\z";
}

/// The flags as the head of the expression.
std::string WithFlags(std::string_view pattern, std::string_view flags) {
  std::string head;
  for (const char flag : flags) {
    if (flag == 'g' || flag == 'u') continue;
    if (flag != 'i' && flag != 's' && flag != 'm' && flag != 'U') throw Invalid("regular expression: unknown flag '{}': i, s, m, U and g are", flag);
    head.push_back(flag);
  }
  return (head.empty() ? "" : "(?" + head + ")") + std::string(pattern);
}

}  // namespace

LikePattern::LikePattern(std::string_view pattern, bool ignore_case, char escape) {
  if (ignore_case) {
    shape_ = Shape::kFolded;
    folded_ = std::make_shared<const RegexpMatcher>(LikeToRegexp(pattern, escape), "");
    return;
  }
  parts_.emplace_back();
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool escaped = pattern[i] == escape && i + 1 < pattern.size();
    if (escaped) ++i;
    if (!escaped && pattern[i] == '%') {
      if (parts_.size() == 1 || !parts_.back().text.empty()) parts_.emplace_back();
      continue;
    }
    const bool any = !escaped && pattern[i] == '_';
    parts_.back().text.push_back(pattern[i]), parts_.back().any.push_back(any), parts_.back().has_any |= any;
  }
  for (Part& part : parts_) {
    if (part.text.size() > kLongPart) part.has_any ? MakeMasks(&part) : MakeBorders(&part);
  }
  if (std::any_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.has_any; })) return;
  const size_t n = parts_.size();
  if (n == 1) shape_ = Shape::kEqual, text_ = parts_[0].text;
  else if (n == 2 && parts_[1].text.empty()) shape_ = Shape::kPrefix, text_ = parts_[0].text;
  else if (n == 2 && parts_[0].text.empty()) shape_ = Shape::kSuffix, text_ = parts_[1].text;
  else if (n == 3 && parts_[0].text.empty() && parts_[2].text.empty()) shape_ = Shape::kContains, text_ = parts_[1].text;
}

bool LikePattern::Matches(std::string_view text) const {
  switch (shape_) {
    case Shape::kEqual: return text == text_;
    case Shape::kPrefix: return text.starts_with(text_);
    case Shape::kSuffix: return text.ends_with(text_);
    case Shape::kContains: {
      size_t end = 0;
      return text_.empty() || FindPart(parts_[1], text, 0, &end) != std::string_view::npos;
    }
    case Shape::kFolded: return folded_->Matches(text);
    case Shape::kGeneral: return MatchesParts(text);
  }
  return false;
}

/// Where `part` ends when it matches at `at`, else npos.
size_t LikePattern::MatchAt(const Part& part, std::string_view text, size_t at) {
  for (size_t i = 0; i < part.text.size(); ++i) {
    if (at >= text.size()) return std::string_view::npos;
    if (part.any[i]) at = std::min(at + CharacterBytes(text[at]), text.size());
    else if (text[at++] != part.text[i]) return std::string_view::npos;
  }
  return at;
}

void LikePattern::MakeBorders(Part* part) {
  const std::string& text = part->text;
  part->borders.assign(text.size() + 1, 0);
  for (size_t i = 1; i < text.size(); ++i) {
    size_t border = part->borders[i];
    while (border > 0 && text[border] != text[i]) border = part->borders[border];
    part->borders[i + 1] = uint32_t(border + (text[border] == text[i]));
  }
}

/// Where `part` first ends, after at most two comparisons a byte.
size_t LikePattern::FindLongPlain(const Part& part, std::string_view text, size_t from) {
  size_t matched = 0;
  for (size_t at = from; at < text.size(); ++at) {
    while (matched > 0 && part.text[matched] != text[at]) matched = part.borders[matched];
    matched += part.text[matched] == text[at];
    if (matched == part.text.size()) return at + 1;
  }
  return std::string_view::npos;
}

void LikePattern::MakeMasks(Part* part) {
  const size_t words = part->text.size() / 64 + 1;
  part->masks.resize(257 * words);
  for (size_t i = 0; i < part->text.size(); ++i) {
    const size_t row = part->any[i] ? 256 : static_cast<unsigned char>(part->text[i]);
    part->masks[row * words + i / 64] |= uint64_t{1} << i % 64;
  }
}

/// Where `part` first ends. Bit i of the state: places 0 to i match up to here; 64 of them take one step.
size_t LikePattern::FindLongPart(const Part& part, std::string_view text, size_t from) {
  const size_t words = part.text.size() / 64 + 1, last = part.text.size() - 1;
  const uint64_t* const any = part.masks.data() + 256 * words;
  std::vector<uint64_t> state(words);
  for (size_t at = from; at < text.size();) {
    const size_t end = std::min(at + CharacterBytes(text[at]), text.size());
    for (size_t byte = at; byte < end; ++byte) {
      const bool lead = byte == at;  // _ goes ahead with the first byte of a character and waits during the others
      const uint64_t* const mask = part.masks.data() + words * static_cast<unsigned char>(text[byte]);
      uint64_t carry = lead;
      for (size_t w = 0; w < words; ++w) {
        const uint64_t old = state[w], moved = old << 1 | carry;
        carry = old >> 63;
        state[w] = (moved & mask[w]) | ((lead ? moved : old) & any[w]);
      }
    }
    at = end;
    if (state[last / 64] >> last % 64 & 1) return at;
  }
  return std::string_view::npos;
}

size_t LikePattern::FindPart(const Part& part, std::string_view text, size_t from, size_t* end) {
  if (!part.borders.empty()) {
    *end = FindLongPlain(part, text, from);
    return *end == std::string_view::npos ? *end : *end - part.text.size();
  }
  if (!part.has_any) {
    const auto* found = static_cast<const char*>(memmem(text.data() + from, text.size() - from, part.text.data(), part.text.size()));
    if (!found) return *end = std::string_view::npos;
    const auto at = static_cast<size_t>(found - text.data());
    *end = at + part.text.size();
    return at;
  }
  if (!part.masks.empty()) return *end = FindLongPart(part, text, from);
  for (size_t at = from; at <= text.size(); at += at < text.size() ? CharacterBytes(text[at]) : 1) {
    *end = MatchAt(part, text, at);
    if (*end != std::string_view::npos) return at;
  }
  return std::string_view::npos;
}

/// The last part must end where the text does.
bool LikePattern::MatchesEnd(const Part& part, std::string_view text, size_t from) const {
  if (!part.has_any) return text.size() - from >= part.text.size() && text.ends_with(part.text);
  size_t start = text.size();
  for (size_t i = part.text.size(); i-- > 0;) {
    if (start <= from) return false;
    --start;
    if (!part.any[i]) {
      if (text[start] != part.text[i]) return false;
      continue;
    }
    while (start > from && IsContinuationByte(text[start])) --start;
  }
  return true;
}

bool LikePattern::MatchesParts(std::string_view text) const {
  size_t at = MatchAt(parts_[0], text, 0);
  if (at == std::string_view::npos) return false;
  if (parts_.size() == 1) return at == text.size();
  for (size_t i = 1; i + 1 < parts_.size(); ++i) {
    size_t end = 0;
    if (FindPart(parts_[i], text, at, &end) == std::string_view::npos) return false;
    at = end;
  }
  return MatchesEnd(parts_.back(), text, at);
}

Kernel LikeKernel(bool ignore_case, bool negated, char escape) {
  return PatternKernel<LikePattern>(negated, [=](std::string_view pattern) { return LikePattern(pattern, ignore_case, escape); });
}

std::shared_ptr<const re2::RE2> CompileRegexp(std::string_view pattern, std::string_view flags) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxRegexpBytes);
  if (!IsAscii(pattern)) options.set_encoding(RE2::Options::EncodingUTF8);
  auto compiled = std::make_shared<RE2>(WithFlags(pattern, flags), options);
  if (!compiled->ok()) throw Invalid("regular expression '{}': {}", pattern.substr(0, 100), Shortened(compiled->error(), 200));
  return compiled;
}

const re2::RE2& RegexpCache::Get(std::string_view pattern, std::string_view flags) {
  if (!compiled_ || pattern != pattern_ || flags != flags_) {
    compiled_ = CompileRegexp(pattern, flags);
    pattern_ = pattern, flags_ = flags;
  }
  return *compiled_;
}

RegexpMatcher::RegexpMatcher(std::string_view pattern, std::string_view flags)
    : automaton_(ByteAutomaton::Compile(WithFlags(pattern, flags))), re2_(automaton_ ? nullptr : CompileRegexp(pattern, flags)) {}

bool RegexpMatcher::Matches(std::string_view text) const {
  return automaton_ ? automaton_->Matches(text) : RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *re2_);
}

Kernel RegexpKernel(bool ignore_case, bool negated) {
  return PatternKernel<RegexpMatcher>(negated, [=](std::string_view pattern) { return RegexpMatcher(pattern, ignore_case ? "i" : ""); });
}

Kernel SimilarKernel(bool negated, char escape) {
  return PatternKernel<RegexpMatcher>(negated,
                                      [escape](std::string_view pattern) { return RegexpMatcher(SimilarToRegexp(pattern, escape), ""); });
}

}  // namespace eider::expr
