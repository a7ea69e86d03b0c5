#include "eider/array/numbered_values.h"

#include <optional>
#include <string_view>
#include <unordered_map>

#include "eider/array/string_values.h"
#include "eider/array/types.h"
#include "eider/base/memory.h"

namespace eider {
namespace {

/// The value of row i as bytes that are equal when the values are; nullopt where the type has no such form. \pre it is not null
std::optional<std::string_view> BytesOf(const Array& array, int64_t i) {
  const uint64_t row = uint64_t(array.offset + i);
  const auto text = [&]<typename Offset>(Offset) {
    const Offset* offsets = array.buffers[0].as<Offset>() + row;
    return std::string_view(reinterpret_cast<const char*>(array.buffers[1].data()) + offsets[0], uint64_t(offsets[1] - offsets[0]));
  };
  switch (LayoutOf(array.type->id)) {
    case Layout::kFixed: {
      const uint64_t width = ByteWidth(*array.type);
      return std::string_view(reinterpret_cast<const char*>(array.buffers[0].data()) + row * width, width);
    }
    case Layout::kVariable32: return text(int32_t{});
    case Layout::kVariable64: return text(int64_t{});
    case Layout::kView: {
      const ByteSpan value = StringValues(array).At(i);
      return std::string_view(reinterpret_cast<const char*>(value.data()), value.size());
    }
    case Layout::kBits: return std::string_view(GetBit(array.buffers[0].data(), row) ? "1" : "0");
    default: return std::nullopt;
  }
}

}  // namespace

NumberedValues::NumberedValues(const Array& values) {
  std::unordered_map<std::string_view, uint64_t> seen;
  std::optional<uint64_t> null;
  numbers.reserve(uint64_t(values.length));
  for (int64_t i = 0; i < values.length; ++i) {
    uint64_t number = kept.size();
    if (!values.IsValid(i)) {
      if (!null) null = number;
      number = *null;
    } else if (const auto bytes = BytesOf(values, i)) {
      number = seen.try_emplace(*bytes, number).first->second;
    }
    if (number == kept.size()) kept.push_back(i);
    numbers.push_back(number);
  }
}

}  // namespace eider
