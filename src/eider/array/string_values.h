#pragma once
/// \file
/// Single values of string and binary arrays, whatever their layout.

#include <eider/array.h>

#include "eider/base/bytes.h"

namespace eider {

/// Over 32- or 64-bit offsets, or views. The array's buffers have been checked when it was imported.
class StringValues {
 public:
  explicit StringValues(const Array& array) : array_(&array) {}

  ByteSpan At(int64_t i) const {
    i += array_->offset;
    switch (array_->type->id) {
      case TypeId::kUtf8:
      case TypeId::kBinary: return Between(array_->buffers[0].as<int32_t>()[i], array_->buffers[0].as<int32_t>()[i + 1]);
      case TypeId::kLargeUtf8:
      case TypeId::kLargeBinary: return Between(array_->buffers[0].as<int64_t>()[i], array_->buffers[0].as<int64_t>()[i + 1]);
      default: return View(array_->buffers[0].data() + 16 * i);
    }
  }

 private:
  ByteSpan Between(int64_t first, int64_t last) const { return {array_->buffers[1].data() + first, size_t(last - first)}; }
  ByteSpan View(const uint8_t* view) const {
    const uint32_t length = LoadLe<uint32_t>(view);
    if (length <= 12) return {view + 4, length};
    return array_->buffers[1 + LoadLe<uint32_t>(view + 8)].span().subspan(LoadLe<uint32_t>(view + 12), length);
  }

  const Array* array_;
};

}  // namespace eider
