#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <vector>

#include "eider/array/json_scanner.h"
#include "eider/array/jsonb.h"
#include "eider/base/error.h"

namespace eider {
namespace {

constexpr uint32_t kArray = 8, kObject = 4, kScalar = 2;
enum Entry : uint32_t { kNull, kString, kNumber, kFalse, kTrue, kContainer };
constexpr uint64_t kMaxPayload = (uint64_t{1} << 28) - 1;

void AppendBig(uint64_t value, size_t bytes, BufferBuilder& out) {
  uint8_t* to = out.Extend(bytes);
  for (size_t i = 0; i < bytes; ++i) to[i] = static_cast<uint8_t>(value >> (8 * (bytes - 1 - i)));
}

void AppendUnsigned(uint64_t value, BufferBuilder& out) {
  if (value == 0) return out.AppendValue<uint8_t>(0);
  const size_t bytes = value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : value <= UINT32_MAX ? 4 : 8;
  out.AppendValue<uint8_t>(0x50);
  AppendBig(value, bytes, out);
}

void AppendSigned(int64_t value, BufferBuilder& out) {
  if (value >= 0) return AppendUnsigned(static_cast<uint64_t>(value), out);
  const size_t bytes = value >= INT8_MIN ? 1 : value >= INT16_MIN ? 2 : value >= INT32_MIN ? 4 : 8;
  out.AppendValue<uint8_t>(0x40);
  AppendBig(static_cast<uint64_t>(value), bytes, out);
}

void AppendFloat(double value, BufferBuilder& out) {
  if (std::isinf(value)) return out.AppendValue<uint8_t>(value > 0 ? 0x20 : 0x30);
  out.AppendValue<uint8_t>(0x60);
  AppendBig(std::bit_cast<uint64_t>(value), 8, out);
}

/// A document as a tree in flat arrays: bytes of strings and numbers in `bytes_`, children of one container side by side.
class Document {
 public:
  explicit Document(std::string_view text) : scanner_(text) {
    root_ = Value(0);
    scanner_.ExpectEnd();
  }

  void Append(BufferBuilder& out) const {
    if (root_.type == kContainer) return AppendValue(root_, out);
    AppendBig(uint64_t{kScalar} << 28, 4, out);
    AppendEntry(root_.type, root_.payload, out);
    AppendValue(root_, out);
  }

 private:
  struct Node {
    Entry type = kNull;
    uint32_t kind = 0;     // of a container
    uint64_t payload = 0;  // encoded bytes
    size_t first = 0;      // into bytes_, or of its children
    size_t count = 0;      // children
    size_t key = 0, key_bytes = 0;  // as a member: into bytes_
  };

  Node Value(int depth) {
    const char c = scanner_.Peek();
    switch (c) {
      case '{': return Container(kObject, '}', depth);
      case '[': return Container(kArray, ']', depth);
      case '"': {
        Node node{.type = kString, .first = bytes_.size()};
        node.payload = scanner_.AppendString(bytes_);
        return node;
      }
      case 't': scanner_.ExpectWord("true"); return {.type = kTrue};
      case 'f': scanner_.ExpectWord("false"); return {.type = kFalse};
      case 'n': scanner_.ExpectWord("null"); return {.type = kNull};
      default: return Number();
    }
  }

  Node Number() {
    const JsonNumber number = scanner_.Number();
    Node node{.type = kNumber, .first = bytes_.size()};
    switch (number.kind) {
      case JsonNumber::Kind::kUnsigned: AppendUnsigned(number.as_unsigned, bytes_); break;
      case JsonNumber::Kind::kSigned: AppendSigned(number.as_signed, bytes_); break;
      case JsonNumber::Kind::kFloat: AppendFloat(number.as_float, bytes_); break;
    }
    node.payload = bytes_.size() - node.first;
    return node;
  }

  Node Container(uint32_t kind, char end, int depth) {
    if (depth >= kMaxJsonDepth) throw Invalid("JSON: nested more than {} deep", kMaxJsonDepth);
    scanner_.Next();
    std::vector<Node> children;
    while (!scanner_.ContainerEnds(end, children.empty())) {
      size_t key = 0, key_bytes = 0;
      if (kind == kObject) {
        key = bytes_.size();
        if (scanner_.Peek() != '"') scanner_.Fail("a member's name in quotes");
        key_bytes = scanner_.AppendString(bytes_);
        scanner_.Expect(':');
      }
      Node child = Value(depth + 1);
      child.key = key, child.key_bytes = key_bytes;
      children.push_back(child);
    }
    if (kind == kObject) SortMembers(children);
    return Close(kind, children);
  }

  Node Close(uint32_t kind, const std::vector<Node>& children) {
    Node node{.type = kContainer, .kind = kind, .payload = 4, .first = nodes_.size(), .count = children.size()};
    for (const Node& child : children) node.payload += child.payload + child.key_bytes + (kind == kObject ? 8 : 4);
    if (node.payload > kMaxPayload) throw Invalid("JSON: an array or object of {} stored bytes, {} is the most", node.payload, kMaxPayload);
    nodes_.insert(nodes_.end(), children.begin(), children.end());
    return node;
  }

  std::string_view Key(const Node& node) const { return {bytes_.as<char>() + node.key, node.key_bytes}; }

  void SortMembers(std::vector<Node>& members) const {
    std::sort(members.begin(), members.end(), [this](const Node& a, const Node& b) { return Key(a) < Key(b); });
    for (size_t i = 1; i < members.size(); ++i) {
      if (Key(members[i - 1]) == Key(members[i])) throw Invalid("JSON: two members named '{}' in one object", Key(members[i]).substr(0, 100));
    }
  }

  static void AppendEntry(uint32_t type, uint64_t payload, BufferBuilder& out) {
    if (payload > kMaxPayload) throw Invalid("JSON: a value of {} bytes, {} is the most", payload, kMaxPayload);
    AppendBig(uint64_t{type} << 28 | payload, 4, out);
  }

  void AppendValue(const Node& node, BufferBuilder& out) const {
    if (node.type != kContainer) return out.Append(bytes_.data() + node.first, node.payload);
    AppendBig(uint64_t{node.kind} << 28 | node.count, 4, out);
    const auto children = std::span(nodes_).subspan(node.first, node.count);
    if (node.kind == kObject) {
      for (const Node& child : children) AppendEntry(kString, child.key_bytes, out);
    }
    for (const Node& child : children) AppendEntry(child.type, child.payload, out);
    if (node.kind == kObject) {
      for (const Node& child : children) out.Append(bytes_.data() + child.key, child.key_bytes);
    }
    for (const Node& child : children) AppendValue(child, out);
  }

  JsonScanner scanner_;
  BufferBuilder bytes_;
  std::vector<Node> nodes_;
  Node root_;
};

}  // namespace

void AppendJsonb(std::string_view text, BufferBuilder& out) { Document(text).Append(out); }

}  // namespace eider
