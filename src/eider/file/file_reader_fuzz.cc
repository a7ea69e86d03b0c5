// Any bytes either throw kCorrupt (or name what they need), or open as a file whose rows can be read, described and taken, and
// whose arrays are safe to walk. Small inputs may not unfold into large answers: at most kMaxRows are asked for.
#include <cstdlib>

#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/file/file_reader.h"
#include "eider/io/store.h"

namespace {

using eider::Array;
using eider::Buffer;
using eider::TypeId;

constexpr uint64_t kMaxRows = 20'000;

void Require(bool holds) {
  if (!holds) std::abort();
}

/// Reads every byte, so that a sanitizer sees what the array points to.
uint64_t Touch(const uint8_t* data, uint64_t size) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < size; ++i) sum += data[i];
  return sum;
}

/// Offsets of variable-width values or lists: never falling, and within `limit`.
template <typename T>
void CheckOffsets(const Array& array, const Buffer& buffer, uint64_t limit) {
  if (array.length == 0) return;
  Require(buffer.size() >= (array.offset + array.length + 1) * sizeof(T));
  const uint8_t* base = buffer.data() + array.offset * sizeof(T);
  T last = 0;
  for (int64_t i = 0; i <= array.length; ++i) {
    T value;
    std::memcpy(&value, base + i * sizeof(T), sizeof(T));
    Require(value >= last && static_cast<uint64_t>(value) <= limit);
    last = value;
  }
}

uint64_t ChildLength(const Array& array) {
  Require(array.children.size() == 1 && array.children[0] != nullptr);
  return static_cast<uint64_t>(array.children[0]->length);
}

void Walk(const Array& array);

void WalkBuffers(const Array& array) {
  const uint64_t end = static_cast<uint64_t>(array.offset + array.length);
  switch (array.type->id) {
    case TypeId::kUtf8:
    case TypeId::kBinary:
      CheckOffsets<int32_t>(array, array.buffers.at(0), array.buffers.at(1).size());
      Touch(array.buffers[1].data(), array.buffers[1].size());
      return;
    case TypeId::kLargeUtf8:
    case TypeId::kLargeBinary:
      CheckOffsets<int64_t>(array, array.buffers.at(0), array.buffers.at(1).size());
      Touch(array.buffers[1].data(), array.buffers[1].size());
      return;
    case TypeId::kList:
    case TypeId::kMap: CheckOffsets<int32_t>(array, array.buffers.at(0), ChildLength(array)); return;
    case TypeId::kLargeList: CheckOffsets<int64_t>(array, array.buffers.at(0), ChildLength(array)); return;
    case TypeId::kFixedSizeList: Require(ChildLength(array) >= end * static_cast<uint64_t>(array.type->list_size)); return;
    case TypeId::kStruct:
      for (const auto& child : array.children) Require(static_cast<uint64_t>(child->length) >= end);
      return;
    case TypeId::kNull: return;
    default: break;
  }
  const eider::DataType& stored = array.type->id == TypeId::kDictionary ? *array.type->index_type : *array.type;
  const uint64_t needed = (end * FixedBitWidth(stored) + 7) / 8;
  Require(array.buffers.at(0).size() >= needed);
  Touch(array.buffers[0].data(), needed);
}

void Walk(const Array& array) {
  Require(array.length >= 0 && array.offset >= 0);
  if (array.validity.present()) {
    const uint64_t needed = static_cast<uint64_t>(array.offset + array.length + 7) / 8;
    Require(array.validity.size() >= needed);
    Touch(array.validity.data(), needed);
  }
  WalkBuffers(array);
  for (const auto& child : array.children) Walk(*child);
  if (array.dictionary != nullptr) Walk(*array.dictionary);
}

void ReadEverything(const eider::file::FileReader& reader) {
  const FileMetadata metadata = reader.Metadata();
  DescribeFile(metadata, false);
  DescribeFile(metadata, true);
  for (uint32_t i = 0; i < std::min<uint32_t>(reader.num_global_buffers(), 8); ++i) reader.ReadGlobalBuffer(i);
  const auto columns = reader.AllColumns();
  const uint64_t rows = std::min(reader.num_rows(), kMaxRows);
  for (const auto& array : reader.ReadRange(columns, 0, rows, {})) {
    Require(static_cast<uint64_t>(array->length) == rows);
    Walk(*array);
  }
  if (reader.num_rows() == 0) return;
  const uint64_t last = reader.num_rows() - 1;
  const std::vector<uint64_t> picks = {last, 0, last / 2, last / 2, last / 3};
  for (const auto& array : reader.Take(columns, picks, {})) {
    Require(array->length == static_cast<int64_t>(picks.size()));
    Walk(*array);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const eider::io::ObjectStorePtr store = eider::io::MakeMemoryStore("fuzz");
  store->Put("f.lance", {data, size}, false);
  try {
    ReadEverything(*eider::file::FileReader::Open(store->Open("f.lance")));
  } catch (const eider::Error& error) {
    const eider::ErrorKind kind = error.kind();
    if (kind != eider::ErrorKind::kCorrupt && kind != eider::ErrorKind::kUnsupported && kind != eider::ErrorKind::kOutOfBudget) {
      std::fprintf(stderr, "%s\n", error.what());
      std::abort();
    }
  }
  return 0;
}
