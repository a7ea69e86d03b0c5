/// Regular expressions.

#include <eider/interrupt.h>
#include <re2/re2.h>

#include <algorithm>
#include <ctime>

#include "eider/expr/functions/characters.h"
#include "eider/expr/functions/function.h"
#include "eider/expr/list_kernels.h"
#include "eider/expr/pattern.h"
#include "eider/expr/test_rows.h"

namespace eider::expr {
namespace {

using Text = std::string_view;
using re2::RE2;
using re2::StringPiece;

StringPiece Piece(Text text) { return {text.data(), text.size()}; }

/// Searches in one text. To decide on a match RE2 may read to the end of the text, and again for the next match ("a*b|a" in "aaaa..."): how far it
/// read it does not say. So the processor's time is bounded by the size of the text, far above what a search that reads on takes.
class TextSearch {
 public:
  TextSearch(const RE2& re, Text text) : re_(re), text_(text) {}

  Text text() const { return text_; }
  bool Match(size_t from, RE2::Anchor anchor, StringPiece* groups, int num_groups) {
    may_have_read_ += text_.size() - from;
    if (may_have_read_ >= next_look_) Look();
    return re_.Match(Piece(text_), from, text_.size(), anchor, groups, num_groups);
  }

 private:
  static constexpr uint64_t kBytesPerLook = uint64_t{64} << 20;
  static constexpr double kSeconds = 2, kSecondsPerByte = 4e-6;

  static double Now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
  }

  void Look() {
    CheckInterrupt();
    next_look_ = may_have_read_ + kBytesPerLook;
    if (!begin_) begin_ = Now();
    if (Now() - *begin_ <= kSeconds + kSecondsPerByte * double(text_.size())) return;
    throw Invalid("regular expression '{}': reads a text of {} bytes again for each match, which takes too long", Text(re_.pattern()).substr(0, 100), text_.size());
  }

  const RE2& re_;
  const Text text_;
  uint64_t may_have_read_ = 0, next_look_ = kBytesPerLook;
  std::optional<double> begin_;
};

/// visit(row, compiled, text) for each row where text and pattern (arguments 0 and 1) are there, else skip(). Flags are argument `flags`, if given.
template <typename Visit, typename Skip>
void EachMatch(const Call& call, size_t flags, Visit&& visit, Skip&& skip) {
  const Reader<Text> texts(call.arguments[0]), patterns(call.arguments[1]);
  std::optional<Reader<Text>> all_flags;
  if (flags < call.arguments.size()) all_flags.emplace(call.arguments[flags]);
  RegexpCache cache;
  for (int64_t row = 0; row < call.rows; ++row) {
    if (row % 64 == 0) CheckInterrupt();
    bool valid = IsLive(call.live, row);
    for (const Column& column : call.arguments) valid = valid && column.IsValid(row);
    if (!valid) { skip(row); continue; }
    visit(row, cache.Get(patterns[row], all_flags ? (*all_flags)[row] : ""), texts[row]);
  }
}

ArrayPtr RegexpLike(const Call& call) {
  const Reader<Text> texts(call.arguments[0]), patterns(call.arguments[1]);
  std::optional<Reader<Text>> all_flags;
  if (call.arguments.size() > 2) all_flags.emplace(call.arguments[2]);
  const bool is_constant = call.arguments[1].constant && (!all_flags || call.arguments[2].constant);
  std::optional<RegexpMatcher> matcher;
  std::string last, last_flags;
  BufferBuilder found = TestRows(call.rows, [&](int64_t row) {
    if (!IsLive(call.live, row) || !std::ranges::all_of(call.arguments, [row](const Column& column) { return column.IsValid(row); })) return false;
    if (!matcher || !is_constant) {
      const Text pattern = patterns[row], flags = all_flags ? (*all_flags)[row] : "";
      if (!matcher || last != pattern || last_flags != flags) matcher.emplace(pattern, flags), last = pattern, last_flags = flags;
    }
    return matcher->Matches(texts[row]);
  });
  return MakeBools(call.rows, found.Finish(), IntersectValidity(call.arguments, call.rows));
}

/// Matches that do not overlap: visit(start, end) until it says false. An empty one where another ended is none.
template <typename Visit>
void FindAll(TextSearch& search, size_t from, Visit&& visit) {
  const Text text = search.text();
  StringPiece match;
  size_t last_end = Text::npos;
  while (from <= text.size() && search.Match(from, RE2::UNANCHORED, &match, 1)) {
    const size_t start = size_t(match.data() - text.data()), end = start + match.size();
    if ((!match.empty() || start != last_end) && !visit(start, end)) return;
    last_end = end;
    from = match.empty() ? end + 1 : end;
    while (match.empty() && from < text.size() && IsContinuationByte(text[from])) ++from;
  }
}

ArrayPtr RegexpCount(const Call& call) {
  std::optional<Reader<int64_t>> starts;
  if (call.arguments.size() > 2) starts.emplace(call.arguments[2]);
  Builder<int64_t> out(call.rows);
  EachMatch(call, 3, [&](int64_t row, const RE2& re, Text text) {
    int64_t n = 0;
    const int64_t start = starts ? (*starts)[row] : 1;
    if (start < 1) throw Invalid("positions are counted from 1, not {}", start);
    const size_t from = ByteOfCharacter(text, start - 1);
    TextSearch search(re, text);
    FindAll(search, from, [&](size_t, size_t) { return ++n, true; });
    out.Append(n);
  }, [&](int64_t row) { call.arguments[1].IsValid(row) ? out.Append(0) : out.AppendNull(); });
  return out.Finish(call.type);
}

ArrayPtr RegexpPosition(const Call& call) {
  Builder<int64_t> out(call.rows);
  EachMatch(call, 2, [&](int64_t, const RE2& re, Text text) {
    int64_t at = 0;
    TextSearch search(re, text);
    FindAll(search, 0, [&](size_t start, size_t) { return at = CountCharacters(text.substr(0, start)) + 1, false; });
    out.Append(at);
  }, [&](int64_t) { out.AppendNull(); });
  return out.Finish(call.type);
}

/// The groups of the first match, or the match itself when the pattern has none; null without a match.
ArrayPtr RegexpMatch(const Call& call) {
  Builder<Text> items(call.rows);
  ListBuilder lists;
  int64_t count = 0;
  const auto none = [&](int64_t) { lists.EndRow(false); };
  EachMatch(call, 2, [&](int64_t row, const RE2& re, Text text) {
    const int groups = re.NumberOfCapturingGroups();
    std::vector<StringPiece> found(size_t(groups) + 1);
    if (!re.Match(Piece(text), 0, text.size(), RE2::UNANCHORED, found.data(), groups + 1)) return none(row);
    for (int i = groups > 0 ? 1 : 0; i <= groups; ++i, ++count) {
      if (found[size_t(i)].data() == nullptr) items.AppendNull();
      else items.Append({found[size_t(i)].data(), found[size_t(i)].size()});
      lists.Append(count);
    }
    lists.EndRow();
  }, none);
  return lists.Finish(call.type, items.Finish(call.type->children[0].type));
}

/// "\1" and "$1", "${1}" stand for groups.
void AppendReplacement(Text with, const std::vector<StringPiece>& groups, std::string& out) {
  for (size_t i = 0; i < with.size(); ++i) {
    const char c = with[i];
    size_t at = i + 1;
    const bool brace = c == '$' && at < with.size() && with[at] == '{';
    at += brace;
    const bool digit = at < with.size() && with[at] >= '0' && with[at] <= '9';
    if ((c == '\\' || c == '$') && digit) {
      const size_t group = size_t(with[at] - '0');
      if (group < groups.size() && groups[group].data()) out.append(groups[group].data(), groups[group].size());
      i = at + (brace && at + 1 < with.size() && with[at + 1] == '}');
    } else if (c == '\\' && at < with.size() && with[at] == '\\') {
      out.push_back('\\'), ++i;
    } else {
      out.push_back(c);
    }
  }
}

ArrayPtr RegexpReplace(const Call& call) {
  const Reader<Text> with(call.arguments[2]);
  std::optional<Reader<Text>> flags;
  if (call.arguments.size() > 3) flags.emplace(call.arguments[3]);
  Builder<Text> out(call.rows);
  std::string made;
  EachMatch(call, 3, [&](int64_t row, const RE2& re, Text text) {
    made.clear();
    const bool all = flags && (*flags)[row].find('g') != Text::npos;
    std::vector<StringPiece> groups(size_t(re.NumberOfCapturingGroups()) + 1);
    size_t copied = 0;
    TextSearch search(re, text);
    FindAll(search, 0, [&](size_t start, size_t end) {
      if (groups.size() == 1) groups[0] = Piece(text.substr(start, end - start));
      else search.Match(start, RE2::ANCHOR_START, groups.data(), int(groups.size()));
      made.append(text.substr(copied, start - copied));
      AppendReplacement(with[row], groups, made);
      RequireTextBytes(made.size());
      copied = end;
      return all;
    });
    out.Append(made.append(text.substr(copied)));
  }, [&](int64_t) { out.AppendNull(); });
  return out.Finish(call.type);
}

}  // namespace

FunctionTable RegexpFunctions() {
  return {
      {"regexp_like", "text, text[, text] -> bool", RegexpLike},
      {"regexp_match", "text, text[, text] -> list<text>", RegexpMatch},
      {"regexp_replace", "text, text, text[, text] -> text", RegexpReplace},
      {"regexp_count", "text, text[, int, text] -> int", RegexpCount},
      {"regexp_instr", "text, text[, text] -> int", RegexpPosition},
  };
}

}  // namespace eider::expr
