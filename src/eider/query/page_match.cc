#include "eider/query/page_match.h"

#include <cmath>
#include <cstring>
#include <string_view>

#include "eider/array/string_values.h"
#include "eider/base/bytes.h"
#include "eider/expr/native.h"

namespace eider::query {
namespace {

using expr::TestKind;

template <typename T>
struct PageBounds {
  T min, max;
  bool min_is_value, max_is_value;  ///< a value of the page, not just a bound
  bool has_nan;
};

template <typename T>
bool MayPassValue(TestKind kind, const T& value, const PageBounds<T>& page) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return true;
  }
  switch (kind) {
    case TestKind::kIn:
    case TestKind::kEqual: return !(value < page.min) && !(page.max < value);
    case TestKind::kNotEqual:
      return page.has_nan || !page.min_is_value || !page.max_is_value || page.min < value || value < page.min || page.max < value || value < page.max;
    case TestKind::kLess: return page.min < value;
    case TestKind::kLessEqual: return !(value < page.min);
    case TestKind::kGreater: return page.has_nan || value < page.max;
    case TestKind::kGreaterEqual: return page.has_nan || !(page.max < value);
    default: return true;
  }
}

template <typename T>
bool MayPassNumbers(const expr::ColumnTest& test, const page::PageStatistics& statistics) {
  if (statistics.min->size() != sizeof(T) || statistics.max->size() != sizeof(T)) return true;
  PageBounds<T> page{.min_is_value = !statistics.only_bounds, .max_is_value = !statistics.only_bounds, .has_nan = statistics.has_nan};
  std::memcpy(&page.min, statistics.min->data(), sizeof(T));
  std::memcpy(&page.max, statistics.max->data(), sizeof(T));
  const uint8_t* values = test.values->buffers.at(0).data();
  for (int64_t i = 0; i < test.values->length; ++i) {
    if (!test.values->IsValid(i)) return true;
    const T value = LoadLe<T>(values + (test.values->offset + i) * static_cast<int64_t>(sizeof(T)));
    if (MayPassValue(test.kind, value, page)) return true;
  }
  return false;
}

bool MayPassPrefix(std::string_view prefix, const PageBounds<std::string_view>& page) {
  return !(page.max < prefix) && !(prefix < page.min.substr(0, prefix.size()));
}

bool MayPassText(const expr::ColumnTest& test, const page::PageStatistics& statistics) {
  const PageBounds<std::string_view> page{.min = *statistics.min,
                                          .max = *statistics.max,
                                          .min_is_value = !statistics.min_is_cut && !statistics.only_bounds,
                                          .max_is_value = !statistics.max_is_cut && !statistics.only_bounds,
                                          .has_nan = false};
  const StringValues values(*test.values);
  for (int64_t i = 0; i < test.values->length; ++i) {
    if (!test.values->IsValid(i)) return true;
    const ByteSpan bytes = values.At(i);
    const std::string_view value(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (test.kind == TestKind::kPrefix ? MayPassPrefix(value, page) : MayPassValue(test.kind, value, page)) return true;
  }
  return false;
}

}  // namespace

bool MayPass(const expr::ColumnTest& test, const page::PageStatistics& statistics, uint64_t num_rows) {
  if (test.kind == TestKind::kIsNull) return statistics.null_count != 0u;
  if (statistics.null_count == num_rows) return false;
  if (test.kind == TestKind::kIsNotNull || !test.values || !statistics.min || !statistics.max) return true;
  switch (test.values->type->id) {
    case TypeId::kInt8: return MayPassNumbers<int8_t>(test, statistics);
    case TypeId::kInt16: return MayPassNumbers<int16_t>(test, statistics);
    case TypeId::kInt32:
    case TypeId::kDate32:
    case TypeId::kTime32: return MayPassNumbers<int32_t>(test, statistics);
    case TypeId::kInt64:
    case TypeId::kDate64:
    case TypeId::kTime64:
    case TypeId::kTimestamp:
    case TypeId::kDuration: return MayPassNumbers<int64_t>(test, statistics);
    case TypeId::kUInt8: return MayPassNumbers<uint8_t>(test, statistics);
    case TypeId::kUInt16: return MayPassNumbers<uint16_t>(test, statistics);
    case TypeId::kUInt32: return MayPassNumbers<uint32_t>(test, statistics);
    case TypeId::kUInt64: return MayPassNumbers<uint64_t>(test, statistics);
    case TypeId::kFloat: return MayPassNumbers<float>(test, statistics);
    case TypeId::kDouble: return MayPassNumbers<double>(test, statistics);
    case TypeId::kDecimal128: return MayPassNumbers<expr::Int128>(test, statistics);
    case TypeId::kDecimal256: return MayPassNumbers<expr::Int256>(test, statistics);
    case TypeId::kUtf8:
    case TypeId::kLargeUtf8:
    case TypeId::kBinary:
    case TypeId::kLargeBinary: return MayPassText(test, statistics);
    default: return true;
  }
}

}  // namespace eider::query
