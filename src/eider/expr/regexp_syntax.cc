#include "eider/expr/regexp_syntax.h"

#include <cctype>

namespace eider::expr {
namespace {

using TreeKind = RegexpTree::Kind;

constexpr int kMostGroups = 60, kMostRepeats = 100;

RegexpTreePtr MakeTree(TreeKind kind, std::vector<RegexpTreePtr> children = {}) {
  auto tree = std::make_shared<RegexpTree>();
  tree->kind = kind;
  tree->children = std::move(children);
  return tree;
}

RegexpTreePtr BytesTree(const ByteSet& bytes) {
  auto tree = std::make_shared<RegexpTree>();
  tree->kind = TreeKind::kBytes;
  tree->bytes = bytes;
  return tree;
}

ByteSet ByteRange(int first, int last) {
  ByteSet bytes;
  for (int byte = first; byte <= last; ++byte) bytes.set(size_t(byte));
  return bytes;
}

RegexpTreePtr SequenceTree(std::initializer_list<ByteSet> sets) {
  std::vector<RegexpTreePtr> children;
  for (const ByteSet& set : sets) children.push_back(BytesTree(set));
  return MakeTree(TreeKind::kSequence, std::move(children));
}

RegexpTreePtr LiteralTree(std::string_view text) {
  std::vector<RegexpTreePtr> children;
  for (const char c : text) children.push_back(BytesTree(ByteRange(static_cast<unsigned char>(c), static_cast<unsigned char>(c))));
  return MakeTree(TreeKind::kSequence, std::move(children));
}

/// Any character of two bytes or more.
RegexpTreePtr LongCharacter() {
  const ByteSet next = ByteRange(0x80, 0xBF);
  return MakeTree(TreeKind::kChoice, {SequenceTree({ByteRange(0xC2, 0xDF), next}), SequenceTree({ByteRange(0xE0, 0xEF), next, next}), SequenceTree({ByteRange(0xF0, 0xF4), next, next, next})});
}

/// A class of characters: those of one byte, and whether all others are in it.
struct CharacterClass {
  ByteSet ascii;
  bool has_others = false;
};

class RegexpParser {
 public:
  explicit RegexpParser(std::string_view pattern) : rest_(pattern) {}

  RegexpTreePtr Parse() {
    if (rest_.starts_with("(?") && !Flags()) return nullptr;
    RegexpTreePtr tree = Choice(0);
    return rest_.empty() ? tree : nullptr;
  }

 private:
  // "(?is)"; "(?:" is left alone.
  bool Flags() {
    if (rest_.starts_with("(?:")) return true;
    const size_t end = rest_.find(')');
    if (end == std::string_view::npos) return false;
    for (const char flag : rest_.substr(2, end - 2)) {
      if (flag == 'i') ignores_case_ = true;
      else if (flag == 's') dot_is_any_ = true;
      else return false;
    }
    rest_.remove_prefix(end + 1);
    return end > 2;
  }

  bool Skip(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  RegexpTreePtr Choice(int depth) {
    if (depth > kMostGroups) return nullptr;
    std::vector<RegexpTreePtr> choices;
    do {
      std::vector<RegexpTreePtr> items;
      while (!rest_.empty() && rest_[0] != '|' && rest_[0] != ')') {
        RegexpTreePtr item = Repeated(depth);
        if (!item) return nullptr;
        items.push_back(std::move(item));
      }
      choices.push_back(MakeTree(TreeKind::kSequence, std::move(items)));
    } while (Skip('|'));
    return choices.size() == 1 ? choices[0] : MakeTree(TreeKind::kChoice, std::move(choices));
  }

  RegexpTreePtr Repeated(int depth) {
    RegexpTreePtr item = Atom(depth);
    if (!item || rest_.empty()) return item;
    int least = 0, most = -1;
    if (Skip('*')) {
    } else if (Skip('+')) {
      least = 1;
    } else if (Skip('?')) {
      most = 1;
    } else if (rest_[0] == '{') {
      if (!Counts(&least, &most)) return nullptr;
    } else {
      return item;
    }
    Skip('?');  // lazy
    const bool is_assertion = item->kind == TreeKind::kBegin || item->kind == TreeKind::kEnd;
    if (is_assertion || (!rest_.empty() && (rest_[0] == '*' || rest_[0] == '+' || rest_[0] == '?' || rest_[0] == '{'))) return nullptr;
    auto tree = std::make_shared<RegexpTree>();
    tree->kind = TreeKind::kRepeat;
    tree->children = {std::move(item)};
    tree->least = least, tree->most = most;
    return tree;
  }

  bool Number(int* number) {
    if (rest_.empty() || !IsDigit(rest_[0])) return false;
    for (*number = 0; !rest_.empty() && IsDigit(rest_[0]) && *number <= kMostRepeats; rest_.remove_prefix(1)) *number = 10 * *number + (rest_[0] - '0');
    return *number <= kMostRepeats;
  }

  bool Counts(int* least, int* most) {
    rest_.remove_prefix(1);
    if (!Number(least)) return false;
    *most = *least;
    if (Skip(',')) {
      *most = -1;
      if (!rest_.empty() && rest_[0] != '}' && !Number(most)) return false;
    }
    return Skip('}') && (*most < 0 || *most >= *least);
  }

  RegexpTreePtr Atom(int depth) {
    const char c = rest_[0];
    if (c == '*' || c == '+' || c == '?' || c == '{') return nullptr;
    if (static_cast<unsigned char>(c) >= 0x80) return Character();
    rest_.remove_prefix(1);
    switch (c) {
      case '(': return Group(depth);
      case '[': return Bracket();
      case '^': return MakeTree(TreeKind::kBegin);
      case '$': return MakeTree(TreeKind::kEnd);
      case '\\': return Escape();
      case '.': {
        CharacterClass any{ByteRange(0, 0x7F), true};
        if (!dot_is_any_) any.ascii.reset('\n');
        return OfClass(any);
      }
      default: return One(c);
    }
  }

  RegexpTreePtr Group(int depth) {
    if (!rest_.empty() && rest_[0] == '?') {
      if (!rest_.starts_with("?:")) return nullptr;
      rest_.remove_prefix(2);
    }
    RegexpTreePtr inside = Choice(depth + 1);
    return inside && Skip(')') ? inside : nullptr;
  }

  /// A character of several bytes.
  RegexpTreePtr Character() {
    const auto lead = static_cast<unsigned char>(rest_[0]);
    const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (ignores_case_ || lead < 0xC2 || lead > 0xF4 || rest_.size() < size) return nullptr;
    const std::string_view text = rest_.substr(0, size);
    for (const char c : text.substr(1)) {
      if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) return nullptr;
    }
    rest_.remove_prefix(size);
    return LiteralTree(text);
  }

  RegexpTreePtr One(char c) {
    CharacterClass one;
    one.ascii.set(static_cast<unsigned char>(c));
    return Fold(one);
  }

  // Letters of either case; two of them have a third one elsewhere: the sign of kelvin and the long s.
  RegexpTreePtr Fold(CharacterClass set) {
    if (!ignores_case_) return OfClass(set);
    for (int c = 'a'; c <= 'z'; ++c) {
      const bool is_in = set.ascii[size_t(c)] || set.ascii[size_t(c - 32)];
      set.ascii.set(size_t(c), is_in), set.ascii.set(size_t(c - 32), is_in);
    }
    std::vector<RegexpTreePtr> choices{OfClass(set)};
    if (set.ascii['k']) choices.push_back(LiteralTree("\xE2\x84\xAA"));
    if (set.ascii['s']) choices.push_back(LiteralTree("\xC5\xBF"));
    return choices.size() == 1 ? choices[0] : MakeTree(TreeKind::kChoice, std::move(choices));
  }

  RegexpTreePtr OfClass(const CharacterClass& set) {
    return set.has_others ? MakeTree(TreeKind::kChoice, {BytesTree(set.ascii), LongCharacter()}) : BytesTree(set.ascii);
  }

  /// \d and its like, whose letter is `c`.
  std::optional<CharacterClass> Named(char c) const {
    CharacterClass set;
    switch (c | 0x20) {
      case 'd': set.ascii = ByteRange('0', '9'); break;
      case 'w': set.ascii = ByteRange('0', '9') | ByteRange('A', 'Z') | ByteRange('a', 'z') | ByteRange('_', '_'); break;
      case 's':
        for (const char space : {'\t', '\n', '\f', '\r', ' '}) set.ascii.set(static_cast<unsigned char>(space));
        break;
      default: return std::nullopt;
    }
    if (ignores_case_) return std::nullopt;
    if (c < 'a') set.ascii = ~set.ascii & ByteRange(0, 0x7F), set.has_others = true;
    return set;
  }

  /// The character that an escape of a single one stands for.
  static std::optional<char> Single(char c) {
    switch (c) {
      case 'n': return '\n';
      case 't': return '\t';
      case 'r': return '\r';
      case 'f': return '\f';
      default: return static_cast<unsigned char>(c) < 0x80 && std::ispunct(static_cast<unsigned char>(c)) ? std::optional(c) : std::nullopt;
    }
  }

  RegexpTreePtr Escape() {
    if (rest_.empty()) return nullptr;
    const char c = rest_[0];
    rest_.remove_prefix(1);
    if (c == 'A') return MakeTree(TreeKind::kBegin);
    if (c == 'z') return MakeTree(TreeKind::kEnd);
    if (const std::optional<CharacterClass> named = Named(c)) return OfClass(*named);
    const std::optional<char> single = Single(c);
    return single ? One(*single) : nullptr;
  }

  /// After "[".
  RegexpTreePtr Bracket() {
    CharacterClass set;
    const bool negated = Skip('^');
    bool is_first = true;
    for (; is_first || (!rest_.empty() && rest_[0] != ']'); is_first = false) {
      if (!BracketItem(set)) return nullptr;
    }
    if (!Skip(']')) return nullptr;
    if (!negated) return Fold(set);
    if (ignores_case_) return nullptr;
    return OfClass({~set.ascii & ByteRange(0, 0x7F), !set.has_others});
  }

  std::optional<char> BracketCharacter() {
    if (rest_.empty() || static_cast<unsigned char>(rest_[0]) >= 0x80) return std::nullopt;
    char c = rest_[0];
    rest_.remove_prefix(1);
    if (c != '\\') return c;
    if (rest_.empty()) return std::nullopt;
    c = rest_[0];
    rest_.remove_prefix(1);
    return Single(c);
  }

  bool BracketItem(CharacterClass& set) {
    if (rest_.starts_with("[:")) return false;
    if (rest_.size() > 1 && rest_[0] == '\\') {
      if (const std::optional<CharacterClass> named = Named(rest_[1])) {
        rest_.remove_prefix(2);
        set.ascii |= named->ascii, set.has_others |= named->has_others;
        return rest_.empty() || rest_[0] != '-';
      }
    }
    const std::optional<char> first = BracketCharacter();
    if (!first) return false;
    char last = *first;
    if (!rest_.empty() && rest_[0] == '-') {
      rest_.remove_prefix(1);
      if (rest_.empty() || rest_[0] == ']' || rest_.starts_with("[:")) return false;
      const std::optional<char> end = BracketCharacter();
      if (!end || *end < *first) return false;
      last = *end;
    }
    set.ascii |= ByteRange(*first, last);
    return true;
  }

  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

  std::string_view rest_;
  bool ignores_case_ = false, dot_is_any_ = false;
};

}  // namespace

RegexpTreePtr ParsePlainRegexp(std::string_view pattern) { return RegexpParser(pattern).Parse(); }

}  // namespace eider::expr
