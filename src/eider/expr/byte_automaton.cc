#include "eider/expr/byte_automaton.h"

#include <algorithm>
#include <map>

#include "eider/expr/regexp_syntax.h"

namespace eider::expr {
namespace {

constexpr size_t kMostNodes = 400, kMostStates = 250;
/// After so many bytes a match is noticed.
constexpr size_t kBytesPerLook = 32;

/// A node of the nondeterministic automaton.
struct AutomatonNode {
  enum class Kind { kBytes, kSplit, kBegin, kEnd, kMatch };
  Kind kind;
  ByteSet bytes;
  int next = -1, other = -1;
};

/// Nodes from a tree, back to front: Emit gives the node before `next`.
class NodeMaker {
 public:
  std::vector<AutomatonNode> nodes{{.kind = AutomatonNode::Kind::kMatch}};

  /// -1 when there are too many.
  int Emit(const RegexpTree& tree, int next) {
    if (next < 0 || nodes.size() > kMostNodes) return -1;
    switch (tree.kind) {
      case RegexpTree::Kind::kBytes: return Add({.kind = AutomatonNode::Kind::kBytes, .bytes = tree.bytes, .next = next});
      case RegexpTree::Kind::kBegin: return Add({.kind = AutomatonNode::Kind::kBegin, .next = next});
      case RegexpTree::Kind::kEnd: return Add({.kind = AutomatonNode::Kind::kEnd, .next = next});
      case RegexpTree::Kind::kSequence:
        for (size_t i = tree.children.size(); i-- > 0;) next = Emit(*tree.children[i], next);
        return next;
      case RegexpTree::Kind::kChoice: {
        int first = Emit(*tree.children.back(), next);
        for (size_t i = tree.children.size() - 1; i-- > 0;) first = Split(Emit(*tree.children[i], next), first);
        return first;
      }
      case RegexpTree::Kind::kRepeat: return Repeat(tree, next);
    }
    return -1;
  }

 private:
  int Add(AutomatonNode node) {
    nodes.push_back(node);
    return int(nodes.size()) - 1;
  }
  int Split(int a, int b) { return a < 0 || b < 0 ? -1 : Add({.kind = AutomatonNode::Kind::kSplit, .next = a, .other = b}); }

  int Repeat(const RegexpTree& tree, int next) {
    int first = next;
    if (tree.most < 0) {
      const int loop = Add({.kind = AutomatonNode::Kind::kSplit, .other = next});
      const int body = Emit(*tree.children[0], loop);
      if (body < 0) return -1;
      nodes[size_t(loop)].next = body;
      first = loop;
    }
    for (int i = tree.least; i < tree.most; ++i) first = Split(Emit(*tree.children[0], first), next);
    for (int i = 0; i < tree.least; ++i) first = Emit(*tree.children[0], first);
    return first;
  }
};

}  // namespace

/// States from sets of nodes.
class AutomatonBuilder {
 public:
  AutomatonBuilder(std::vector<AutomatonNode> nodes, int start) : nodes_(std::move(nodes)), start_(start) {}

  std::shared_ptr<const ByteAutomaton> Build() {
    MakeClasses();
    sets_.push_back({});  // of ByteAutomaton::kMatch
    std::vector<int> begin;
    Reach(start_, true, false, begin);
    const int first = StateOf(std::move(begin));
    for (size_t state = 1; state < sets_.size(); ++state) {
      if (sets_.size() > kMostStates) return nullptr;
      for (const int byte : representatives_) moves_.push_back(Step(state, byte));
    }
    return Finish(first);
  }

 private:
  /// Bytes are of one class when every node treats them alike.
  void MakeClasses() {
    std::map<std::vector<bool>, uint8_t> seen;
    for (int byte = 0; byte < 256; ++byte) {
      std::vector<bool> signature;
      for (const AutomatonNode& node : nodes_) {
        if (node.kind == AutomatonNode::Kind::kBytes) signature.push_back(node.bytes[size_t(byte)]);
      }
      const auto [at, is_new] = seen.try_emplace(std::move(signature), uint8_t(representatives_.size()));
      if (is_new) representatives_.push_back(byte);
      automaton_->classes_[size_t(byte)] = at->second;
    }
    automaton_->num_classes_ = representatives_.size();
  }

  /// Adds the nodes that are reached from `node` without a byte: those that want one, those that want the end, and the match.
  void Reach(int node, bool at_begin, bool at_end, std::vector<int>& out) {
    std::vector<int> open{node};
    std::vector<bool> seen(nodes_.size());
    for (const int known : out) seen[size_t(known)] = true;
    while (!open.empty()) {
      const int at = open.back();
      open.pop_back();
      if (seen[size_t(at)]) continue;
      seen[size_t(at)] = true;
      const AutomatonNode& here = nodes_[size_t(at)];
      has_late_begin_ |= at_end && here.kind == AutomatonNode::Kind::kBegin;
      if (here.kind == AutomatonNode::Kind::kSplit) open.push_back(here.other);
      if (here.kind == AutomatonNode::Kind::kSplit || (here.kind == AutomatonNode::Kind::kBegin && at_begin) || (here.kind == AutomatonNode::Kind::kEnd && at_end)) open.push_back(here.next);
      if (here.kind != AutomatonNode::Kind::kSplit && here.kind != AutomatonNode::Kind::kBegin) out.push_back(at);
    }
  }

  int StateOf(std::vector<int> set) {
    std::ranges::sort(set);
    if (!set.empty() && set[0] == 0) return ByteAutomaton::kMatch;
    const auto [at, is_new] = numbers_.try_emplace(set, int(sets_.size()));
    if (is_new) sets_.push_back(std::move(set));
    return at->second;
  }

  int Step(size_t state, int byte) {
    std::vector<int> next;
    const std::vector<int> set = sets_[state];
    for (const int node : set) {
      const AutomatonNode& here = nodes_[size_t(node)];
      if (here.kind == AutomatonNode::Kind::kBytes && here.bytes[size_t(byte)]) Reach(here.next, false, false, next);
    }
    Reach(start_, false, false, next);  // a match may begin anywhere
    return StateOf(std::move(next));
  }

  bool MatchesAtEnd(size_t state) {
    std::vector<int> out;
    for (const int node : sets_[state]) {
      if (nodes_[size_t(node)].kind == AutomatonNode::Kind::kEnd) Reach(nodes_[size_t(node)].next, false, true, out);
    }
    return std::ranges::find(out, 0) != out.end();
  }

  std::shared_ptr<const ByteAutomaton> Finish(int first) {
    automaton_->start_ = uint16_t(size_t(first) * automaton_->num_classes_);
    automaton_->next_.assign(automaton_->num_classes_, ByteAutomaton::kMatch);
    for (const int state : moves_) automaton_->next_.push_back(uint16_t(size_t(state) * automaton_->num_classes_));
    automaton_->matches_at_end_.resize(automaton_->next_.size());
    automaton_->matches_at_end_[0] = 1;
    for (size_t state = 1; state < sets_.size(); ++state) automaton_->matches_at_end_[state * automaton_->num_classes_] = MatchesAtEnd(state);
    return has_late_begin_ ? nullptr : automaton_;
  }

  const std::vector<AutomatonNode> nodes_;
  const int start_;
  bool has_late_begin_ = false;  ///< an end before a begin: the empty text may match, which states do not tell
  const std::shared_ptr<ByteAutomaton> automaton_ = std::make_shared<ByteAutomaton>();
  std::vector<int> representatives_;  ///< a byte of each class
  std::vector<std::vector<int>> sets_;
  std::map<std::vector<int>, int> numbers_;
  std::vector<int> moves_;
};

std::shared_ptr<const ByteAutomaton> ByteAutomaton::Compile(std::string_view pattern) {
  const RegexpTreePtr tree = ParsePlainRegexp(pattern);
  if (!tree) return nullptr;
  NodeMaker maker;
  const int start = maker.Emit(*tree, 0);
  if (start < 0 || maker.nodes.size() > kMostNodes) return nullptr;
  return AutomatonBuilder(std::move(maker.nodes), start).Build();
}

bool ByteAutomaton::Matches(std::string_view text) const {
  const uint16_t* const next = next_.data();
  const uint8_t* const classes = classes_.data();
  size_t state = start_;
  const auto* at = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = at + text.size();
  while (size_t(end - at) >= kBytesPerLook) {
    for (const uint8_t* const stop = at + kBytesPerLook; at != stop; ++at) state = next[state + classes[*at]];
    if (state == kMatch) return true;
  }
  for (; at != end; ++at) state = next[state + classes[*at]];
  return matches_at_end_[state] != 0;
}

}  // namespace eider::expr
