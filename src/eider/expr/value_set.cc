#include "eider/expr/value_set.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "eider/expr/key_sets.h"
#include "eider/expr/native.h"
#include "eider/expr/test_rows.h"

namespace eider::expr {
namespace {

/// Equal values have equal keys and others have not: -0.0 is 0.0, and all NaN are one.
template <typename T>
uint64_t KeyOf(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return 0x7FF8000000000000u;
    return std::bit_cast<uint64_t>(value == 0 ? 0.0 : double(value));
  } else {
    return uint64_t(value);
  }
}

/// From what was found, of nulls too, to what IN says.
ArrayPtr ToBools(const Call& call, BufferBuilder found, bool has_null, bool negated) {
  Buffer validity = IntersectValidity(call.arguments.first(1), call.rows);
  const size_t bytes = BytesForBits(uint64_t(call.rows));
  if (validity.present()) {
    for (size_t i = 0; i < bytes; ++i) found.data()[i] &= validity.data()[i];
  }
  if (has_null) validity = CopyToBuffer(found.span().first(bytes));
  if (negated) FlipBits(found);
  return MakeBools(call.rows, found.Finish(), std::move(validity));
}

bool HasNull(const Array& values) { return CountNulls(values) > 0; }

template <typename T>
Kernel NativeIn(const ArrayPtr& values, bool negated) {
  const Column column{values, false};
  const Reader<T> all(column);
  std::vector<uint64_t> keys;
  for (int64_t i = 0; i < values->length; ++i) {
    if (values->IsValid(i)) keys.push_back(KeyOf(all[i]));
  }
  return [set = std::make_shared<const NumberSet>(std::move(keys)), negated, has_null = HasNull(*values)](const Call& call) {
    const Reader<T> rows(call.arguments[0]);
    BufferBuilder found;
    set->VisitLook([&](auto&& look) { found = TestRows(call.rows, [&](int64_t row) { return look(KeyOf(rows[row])); }); });
    return ToBools(call, std::move(found), has_null, negated);
  };
}

Kernel TextIn(const ArrayPtr& values, bool negated) {
  const Column column{values, false};
  const Reader<std::string_view> all(column);
  std::vector<std::string_view> texts;
  for (int64_t i = 0; i < values->length; ++i) {
    if (values->IsValid(i)) texts.push_back(all[i]);
  }
  return [set = std::make_shared<const TextSet>(texts), values, negated, has_null = HasNull(*values)](const Call& call) {
    const Reader<std::string_view> rows(call.arguments[0]);
    const Column& texts = call.arguments[0];
    return ToBools(call, TestRows(call.rows, [&](int64_t row) { return texts.IsValid(row) && set->Has(rows[row]); }), has_null, negated);
  };
}

}  // namespace

bool HasValueSet(const DataType& type) { return IsText(type.id) || IsBytes(type.id) || (IsNative(type.id) && !IsDecimal(type.id)); }

Kernel InKernel(const ArrayPtr& values, bool negated) {
  if (!IsNative(values->type->id)) return TextIn(values, negated);
  return VisitNative(values->type->id, [&](auto zero) -> Kernel {
    using T = decltype(zero);
    if constexpr (sizeof(T) <= 8) return NativeIn<T>(values, negated);
    else throw Unsupported("no set of {}", TypeToString(*values->type));
  });
}

}  // namespace eider::expr
