#include "eider/page/variable_array.h"

#include <limits>

#include "eider/array/types.h"
#include "eider/base/bytes.h"
#include "eider/base/memory.h"

namespace eider::page {
namespace {

template <typename Offset>
Buffer Offsets(std::span<const uint64_t> lengths) {
  BufferBuilder out((lengths.size() + 1) * sizeof(Offset));
  uint64_t at = 0;
  out.AppendValue(Offset{0});
  for (const uint64_t length : lengths) {
    at += length;  // lengths are parts of buffers that exist: their sum does not overflow
    if (at > static_cast<uint64_t>(std::numeric_limits<Offset>::max())) {
      throw Invalid("more than {} bytes or items in one batch of a column: read fewer rows at a time", std::numeric_limits<Offset>::max());
    }
    out.AppendValue(static_cast<Offset>(at));
  }
  return out.Finish();
}

}  // namespace

Buffer MakeOffsets(std::span<const uint64_t> lengths, bool large) {
  return large ? Offsets<int64_t>(lengths) : Offsets<int32_t>(lengths);
}

ArrayPtr MakeVariableArray(const TypePtr& type, std::span<const uint64_t> lengths, Buffer validity, Buffer data) {
  uint64_t bytes = 0;
  for (const uint64_t length : lengths) bytes = CheckedAdd(bytes, length, "values");
  if (bytes != data.size()) throw Corrupt("values of {} bytes in {}", bytes, data.size());
  auto array = std::make_shared<Array>();
  array->type = type;
  array->length = static_cast<int64_t>(lengths.size());
  array->null_count = validity.present() ? -1 : 0;
  array->validity = std::move(validity);
  array->buffers = {MakeOffsets(lengths, LayoutOf(type->id) == Layout::kVariable64), std::move(data)};
  return array;
}

ByteSpan VariableValue(const Array& array, int64_t i) {
  const uint64_t at = static_cast<uint64_t>(array.offset + i);
  const uint8_t* offsets = array.buffers[0].data();
  const bool large = LayoutOf(array.type->id) == Layout::kVariable64;
  const uint64_t first = large ? LoadLe<uint64_t>(offsets + 8 * at) : LoadLe<uint32_t>(offsets + 4 * at);
  const uint64_t end = large ? LoadLe<uint64_t>(offsets + 8 * at + 8) : LoadLe<uint32_t>(offsets + 4 * at + 4);
  return array.buffers[1].span().subspan(first, end - first);
}

}  // namespace eider::page
