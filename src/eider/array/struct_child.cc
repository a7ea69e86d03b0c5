#include "eider/array/struct_child.h"

#include "eider/base/bytes.h"
#include "eider/base/memory.h"

namespace eider {

ArrayPtr StructChild(const Array& parent, size_t index) {
  const ArrayPtr child = SliceArray(parent.children[index], parent.offset, parent.length);
  if (!parent.validity.present() || child->type->id == TypeId::kNull) return child;
  const uint64_t n = static_cast<uint64_t>(child->length);
  const uint64_t shift = static_cast<uint64_t>(child->offset);
  // The child keeps its offset, so the bitmap starts with `shift` bits that nobody reads.
  BufferBuilder bits;
  bits.AppendFill(BytesForBits(shift + n), 0);
  CopyBits(parent.validity.data(), static_cast<uint64_t>(parent.offset), bits.data(), shift, n);
  if (child->validity.present()) {
    const uint8_t* own = child->validity.data();
    for (uint64_t byte = shift / 8; byte < bits.size(); ++byte) bits.data()[byte] &= own[byte];
  }
  auto masked = std::make_shared<Array>(*child);
  masked->validity = bits.Finish();
  masked->null_count = -1;
  return masked;
}

}  // namespace eider
