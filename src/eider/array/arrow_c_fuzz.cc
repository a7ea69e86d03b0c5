// Structures of the Arrow C interface whose buffers are as long as their types and lengths want, with any content: they are refused,
// or they become arrays that are safe to slice, take from, join and compare. Formats may be anything.
//
//     node: | u8 format | (u8 bytes | format text when it is of the free kind) | u8 children | u8 length | u8 offset | u8 nulls | u8 flags |

#include <eider/arrow_c.h>

#include <array>

#include "eider/array/concat.h"
#include "eider/array/equal.h"
#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/testing/fuzz_input.h"

namespace {

using eider::ByteSpan;
using eider::testing::Input;
using eider::testing::Require;

constexpr std::array<const char*, 24> kFormats = {"n", "b", "c", "S", "i", "l", "g", "z", "Z", "u", "U", "vz", "vu", "tdm", "tsu:UTC",
                                                  "d:10,2", "d:40,2,256", "w:3", "+l", "+L", "+s", "+m", "+w:2", "+r"};
constexpr int kMaxDepth = 4;

/// A structure with all that it points to: freed by the release callbacks of its two roots.
struct Node {
  ArrowSchema schema{};
  ArrowArray array{};
  std::string format;
  std::vector<std::unique_ptr<Node>> children;
  std::unique_ptr<Node> dictionary;
  std::vector<ArrowSchema*> child_schemas;
  std::vector<ArrowArray*> child_arrays;
  std::vector<std::vector<uint8_t>> bytes;
  std::vector<const void*> buffers;
  bool own_format = false;  // here or below: nobody knows how long its buffers must be
};

void Forget(ArrowSchema* schema) { schema->release = nullptr; }
void Forget(ArrowArray* array) { array->release = nullptr; }

/// Exactly `size` bytes: of the input, then zeros.
void AddBuffer(Node& node, size_t size, Input& input, bool absent = false) {
  const ByteSpan given = input.Take(size);
  std::vector<uint8_t> bytes(given.begin(), given.end());
  bytes.resize(size);
  bytes.shrink_to_fit();
  node.bytes.push_back(std::move(bytes));
  node.buffers.push_back(absent ? nullptr : node.bytes.back().data());
}

/// Bytes of a value of a fixed width, in bits.
size_t BitsOf(std::string_view format) {
  static constexpr std::pair<const char*, size_t> kBits[] = {{"b", 1}, {"c", 8}, {"S", 16}, {"i", 32}, {"l", 64}, {"g", 64}, {"tdm", 64},
      {"tsu:UTC", 64}, {"d:10,2", 128}, {"d:40,2,256", 256}, {"w:3", 24}};
  for (const auto& [name, bits] : kBits) {
    if (format == name) return bits;
  }
  return 0;
}

/// How long the values must be: nobody but the producer knows, so that an end beyond kMaxValueBytes is brought down to it.
template <typename Offset>
size_t LastOffset(Node& node, size_t end) {
  constexpr Offset kMaxValueBytes = 4096;
  uint8_t* const at = node.bytes.back().data() + end * sizeof(Offset);
  Offset last;
  std::memcpy(&last, at, sizeof last);
  if (last > kMaxValueBytes) std::memcpy(at, &kMaxValueBytes, sizeof last);
  return last < 0 ? 0 : static_cast<size_t>(std::min(last, kMaxValueBytes));
}

void AddBuffers(Node& node, size_t end, Input& input, uint8_t flags) {
  const std::string_view format = node.format;
  if (format == "n") return;
  AddBuffer(node, (end + 7) / 8, input, flags & 1);
  if (format == "+s" || format.starts_with("+w")) return;
  const bool wide = format == "Z" || format == "U" || format == "+L";
  if (wide || format == "z" || format == "u" || format == "+l" || format == "+m") {
    AddBuffer(node, (end + 1) * (wide ? 8 : 4), input);
    if (format[0] == '+') return;
    AddBuffer(node, wide ? LastOffset<int64_t>(node, end) : LastOffset<int32_t>(node, end), input);
  } else if (format == "vz" || format == "vu") {
    AddBuffer(node, 16 * end, input);
    AddBuffer(node, 64, input);
    node.bytes.push_back({64, 0, 0, 0, 0, 0, 0, 0});
    node.buffers.push_back(node.bytes.back().data());
  } else {
    AddBuffer(node, (end * BitsOf(format) + 7) / 8, input);
  }
}

std::unique_ptr<Node> MakeNode(Input& input, int depth);

void AddChildren(Node& node, Input& input, int depth, uint8_t count, uint8_t flags) {
  for (int i = 0; i < count && depth < kMaxDepth; ++i) {
    node.children.push_back(MakeNode(input, depth + 1));
    node.child_schemas.push_back(&node.children.back()->schema);
    node.child_arrays.push_back(&node.children.back()->array);
    node.own_format |= node.children.back()->own_format;
  }
  if ((flags & 2) && depth < kMaxDepth) {
    node.dictionary = MakeNode(input, depth + 1);
    node.own_format |= node.dictionary->own_format;
    node.schema.dictionary = &node.dictionary->schema;
    node.array.dictionary = &node.dictionary->array;
  }
}

std::unique_ptr<Node> MakeNode(Input& input, int depth) {
  auto node = std::make_unique<Node>();
  const uint8_t choice = input.Byte();
  if (choice < 240) {
    node->format = kFormats[choice % kFormats.size()];
  } else {
    const ByteSpan text = input.Take(input.Byte() % 16);
    node->format.assign(text.begin(), text.end());
    node->own_format = true;
  }
  uint8_t children = input.Byte() % 4;
  if (choice < 240 && node->format[0] == '+' && node->format != "+s" && children > 0) children = 1;
  const uint8_t length = input.Byte() % 40, offset = input.Byte() % 9, nulls = input.Byte(), flags = input.Byte();
  AddBuffers(*node, size_t{length} + offset, input, flags);
  AddChildren(*node, input, depth, children, flags);
  node->schema = {node->format.c_str(), "x", nullptr, flags >> 2 & 7, static_cast<int64_t>(node->children.size()),
                  node->child_schemas.data(), node->schema.dictionary, Forget, nullptr};
  node->array = {length, nulls == 255 ? -1 : nulls % 41, offset, static_cast<int64_t>(node->buffers.size()),
                 static_cast<int64_t>(node->children.size()), node->buffers.data(), node->child_arrays.data(), node->array.dictionary,
                 Forget, nullptr};
  return node;
}

void Run(Input input) {
  const auto node = MakeNode(input, 0);
  const eider::Field field = eider::ImportField(&node->schema);
  if (node->own_format) return;
  const eider::ArrayPtr array = eider::ImportArray(&node->array, field.type);
  Require(eider::CountNulls(*array) <= array->length);
  eider::ArrayBytes(*array);
  Require(ArraysEqual(*array, *array));
  const eider::ArrayPtr tail = eider::SliceArray(array, array->length / 3, array->length - array->length / 3);
  std::vector<int64_t> picks;
  for (int64_t i = array->length / 3; i < array->length; ++i) picks.push_back(i);
  Require(ArraysEqual(*eider::TakeArray(array, picks), *tail));
  const eider::ArrayPtr halves[] = {eider::SliceArray(array, 0, array->length / 3), tail};
  Require(ArraysEqual(*eider::ConcatArrays(halves), *array));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    Run(Input({data, size}));
  } catch (const eider::Error& error) {
    Require(error.kind() == eider::ErrorKind::kInvalid || error.kind() == eider::ErrorKind::kUnsupported);
  }
  return 0;
}
