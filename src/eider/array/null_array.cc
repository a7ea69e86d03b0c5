#include "eider/array/null_array.h"

#include "eider/base/bytes.h"
#include "eider/base/memory.h"

namespace eider {
namespace {

Buffer Zeros(uint64_t size) {
  BufferBuilder builder;
  builder.AppendFill(size, 0);
  return builder.Finish();
}

}  // namespace

ArrayPtr MakeNullArray(const TypePtr& type, int64_t length) {
  auto array = std::make_shared<Array>();
  array->type = type;
  array->length = length;
  array->null_count = length;
  const uint64_t n = static_cast<uint64_t>(length);
  if (type->id == TypeId::kNull) return array;
  array->validity = Zeros(BytesForBits(n));
  switch (type->id) {
    case TypeId::kUtf8:
    case TypeId::kBinary:
      array->buffers = {Zeros((n + 1) * 4), Zeros(0)};
      break;
    case TypeId::kLargeUtf8:
    case TypeId::kLargeBinary:
      array->buffers = {Zeros((n + 1) * 8), Zeros(0)};
      break;
    case TypeId::kUtf8View:
    case TypeId::kBinaryView:
      array->buffers = {Zeros(n * 16)};
      break;
    case TypeId::kList:
    case TypeId::kMap:
      array->buffers = {Zeros((n + 1) * 4)};
      array->children = {MakeNullArray(type->children[0].type, 0)};
      break;
    case TypeId::kLargeList:
      array->buffers = {Zeros((n + 1) * 8)};
      array->children = {MakeNullArray(type->children[0].type, 0)};
      break;
    case TypeId::kFixedSizeList:
      array->children = {MakeNullArray(type->children[0].type, length * type->list_size)};
      break;
    case TypeId::kStruct:
      for (const Field& child : type->children) array->children.push_back(MakeNullArray(child.type, length));
      break;
    case TypeId::kDictionary:
      array->buffers = {Zeros(BytesForBits(n * FixedBitWidth(*type->index_type)))};
      array->dictionary = MakeNullArray(type->value_type, 0);
      break;
    default:
      array->buffers = {Zeros(BytesForBits(n * FixedBitWidth(*type)))};
      break;
  }
  return array;
}

}  // namespace eider
