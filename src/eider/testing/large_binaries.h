#pragma once
/// \file
/// A large-binary array of given values: what blobs are written from.

#include <eider/array.h>

#include <optional>
#include <string>
#include <vector>

#include "eider/array/types.h"
#include "eider/base/memory.h"

namespace eider::testing {

inline ArrayPtr LargeBinaries(const std::vector<std::optional<std::string>>& values) {
  BufferBuilder offsets, data;
  BitBuilder validity;
  offsets.AppendValue(int64_t{0});
  for (const auto& value : values) {
    if (value) data.Append(value->data(), value->size());
    offsets.AppendValue(int64_t(data.size()));
    validity.AppendBit(value.has_value());
  }
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeId::kLargeBinary);
  array->length = int64_t(values.size());
  array->validity = validity.Finish();
  array->buffers = {offsets.Finish(), data.Finish()};
  return array;
}

}  // namespace eider::testing
