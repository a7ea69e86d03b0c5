#include "eider/page/page_statistics.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "eider/base/bytes.h"
#include "eider/base/text_range.h"
#include "eider/base/utf8.h"

namespace eider::page {
namespace {

constexpr size_t kBoundBytes = 16;

template <typename T>
struct Bounds {
  T min{}, max{};
  bool any = false;
  bool has_nan = false;
};

/// Calls visit(first, count) for each stretch of valid items of `run`, as positions in the array's buffers.
template <typename Visit>
void ForEachValid(const LeafRun& run, Visit&& visit) {
  const Array& array = *run.array;
  const int64_t begin = array.offset + run.start, end = begin + run.length;
  if (!array.validity.present()) {
    if (begin < end) visit(begin, end - begin);
    return;
  }
  const uint8_t* bits = array.validity.data();
  for (int64_t i = begin; i < end;) {
    if (!GetBit(bits, uint64_t(i))) {
      ++i;
      continue;
    }
    int64_t stop = i + 1;
    while (stop < end && GetBit(bits, uint64_t(stop))) ++stop;
    visit(i, stop - i);
    i = stop;
  }
}

// Two plain loops over a stretch without NaN are what a compiler turns into vector code.
template <typename T>
void Widen(const T* values, int64_t count, Bounds<T>& bounds) {
  T low = bounds.min, high = bounds.max;
  if (!bounds.any) {
    if constexpr (std::is_floating_point_v<T>) {
      while (count > 0 && std::isnan(*values)) ++values, --count, bounds.has_nan = true;
    }
    if (count == 0) return;
    low = high = *values;
    bounds.any = true;
  }
  bool nan = false;
  for (int64_t i = 0; i < count; ++i) {
    low = values[i] < low ? values[i] : low;
    high = values[i] > high ? values[i] : high;
    if constexpr (std::is_floating_point_v<T>) nan |= values[i] != values[i];
  }
  bounds.min = low;
  bounds.max = high;
  bounds.has_nan |= nan;
}

template <typename T>
void MeasureNumbers(const ShreddedLeaf& leaf, PageStatistics& out) {
  Bounds<T> bounds;
  for (const LeafRun& run : leaf.runs) {
    ForEachValid(run, [&](int64_t first, int64_t count) {
      Widen(reinterpret_cast<const T*>(run.array->buffers[0].data()) + first, count, bounds);
    });
  }
  out.has_nan = bounds.has_nan;
  if (!bounds.any) return;
  out.min = std::string(reinterpret_cast<const char*>(&bounds.min), sizeof(T));
  out.max = std::string(reinterpret_cast<const char*>(&bounds.max), sizeof(T));
}

template <typename Offset>
void MeasureText(const ShreddedLeaf& leaf, TypeId type, PageStatistics& out) {
  TextRange bounds;
  for (const LeafRun& run : leaf.runs) {
    if (run.array->type->id != type) return;  // views of text have no offsets
    const char* data = reinterpret_cast<const char*>(run.array->buffers[1].data());
    ForEachValid(run, [&](int64_t first, int64_t count) {
      const Offset* offsets = reinterpret_cast<const Offset*>(run.array->buffers[0].data()) + first;
      for (int64_t i = 0; i < count; ++i) bounds.Add({data + offsets[i], size_t(offsets[i + 1] - offsets[i])});
    });
  }
  if (bounds.any) KeepBounds(bounds.low, bounds.high, out);
}

/// Calls body with a value of the C++ type that compares like the values of `id`; false where there is none.
template <typename Body>
bool WithNumberType(TypeId id, Body&& body) {
  switch (id) {
    case TypeId::kInt8: return body(int8_t{}), true;
    case TypeId::kInt16: return body(int16_t{}), true;
    case TypeId::kInt32:
    case TypeId::kDate32:
    case TypeId::kTime32: return body(int32_t{}), true;
    case TypeId::kInt64:
    case TypeId::kDate64:
    case TypeId::kTime64:
    case TypeId::kTimestamp:
    case TypeId::kDuration: return body(int64_t{}), true;
    case TypeId::kUInt8: return body(uint8_t{}), true;
    case TypeId::kUInt16: return body(uint16_t{}), true;
    case TypeId::kUInt32: return body(uint32_t{}), true;
    case TypeId::kUInt64: return body(uint64_t{}), true;
    case TypeId::kFloat: return body(float{}), true;
    case TypeId::kDouble: return body(double{}), true;
    default: return false;
  }
}

/// A cut may have gone through a character: its bytes are then spelled out.
std::string TextToText(const std::string& bound) {
  if (IsUtf8(bound)) return bound;
  std::string text;
  for (const char c : bound) text += uint8_t(c) < 0x80 ? std::string(1, c) : fmt::format("\\x{:02x}", uint8_t(c));
  return text;
}

}  // namespace

void KeepBounds(std::string_view low, std::string_view high, PageStatistics& out) {
  std::string max(high.substr(0, kBoundBytes));
  if (high.size() > kBoundBytes) {
    while (!max.empty() && uint8_t(max.back()) == 0xFF) max.pop_back();
    if (max.empty()) return;
    max.back() = char(uint8_t(max.back()) + 1);
    out.max_is_cut = true;
  }
  out.max = std::move(max);
  out.min = std::string(low.substr(0, kBoundBytes));
  out.min_is_cut = low.size() > kBoundBytes;
}

PageStatistics MeasurePage(const ShreddedLeaf& leaf, const DataType& type) {
  PageStatistics out;
  out.null_count = leaf.num_items - leaf.num_values;
  if (leaf.num_values == 0) return out;
  if (type.id == TypeId::kUtf8) {
    MeasureText<int32_t>(leaf, type.id, out);
  } else if (type.id == TypeId::kLargeUtf8) {
    MeasureText<int64_t>(leaf, type.id, out);
  } else {
    WithNumberType(type.id, [&]<typename T>(T) { MeasureNumbers<T>(leaf, out); });
  }
  return out;
}

std::string BoundToText(const std::string& bound, const DataType& type) {
  if (type.id == TypeId::kUtf8 || type.id == TypeId::kLargeUtf8) return TextToText(bound);
  std::string text;
  WithNumberType(type.id, [&]<typename T>(T value) {
    if (bound.size() != sizeof(T)) return;
    std::memcpy(&value, bound.data(), sizeof(T));
    if constexpr (sizeof(T) == 1) {
      text = fmt::format("{}", int(value));
    } else {
      text = fmt::format("{}", value);
    }
  });
  return text;
}

}  // namespace eider::page
