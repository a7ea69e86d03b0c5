#include "eider/expr/cast.h"

#include <cmath>

#include "eider/array/dictionary_cast.h"
#include "eider/array/null_array.h"
#include "eider/array/take.h"
#include "eider/base/utf8.h"
#include "eider/expr/by_dictionary.h"
#include "eider/expr/cast_rows.h"
#include "eider/expr/cast_text.h"
#include "eider/expr/exact_number.h"
#include "eider/expr/half_float.h"
#include "eider/expr/native.h"
#include "eider/expr/temporal.h"
#include "eider/expr/time_zone.h"
#include "eider/expr/wide_integer.h"

namespace eider::expr {
namespace {

template <typename From, typename To>
bool ConvertNumber(From from, To* to) {
  if constexpr (std::is_floating_point_v<To>) {
    *to = To(from);
    return true;
  } else if constexpr (std::is_floating_point_v<From>) {
    // The limits of 64-bit integers are no doubles: compare against the powers of two around them.
    const double low = double(std::numeric_limits<To>::min()), high = std::ldexp(1.0, std::numeric_limits<To>::digits);
    const double whole = std::trunc(double(from));
    if (!(whole >= low && whole < high)) return false;
    *to = To(whole);
    return true;
  } else {
    if (Int128(from) < Int128(std::numeric_limits<To>::min()) || Int128(from) > Int128(std::numeric_limits<To>::max())) return false;
    *to = To(from);
    return true;
  }
}

Kernel NumberKernel(TypeId from, TypeId to, bool lenient) {
  return VisitNumber(from, [&](auto a) {
    return VisitNumber(to, [&](auto b) -> Kernel {
      using From = decltype(a);
      using To = decltype(b);
      return [lenient](const Call& call) { return ConvertRows<From, To>(call, lenient, ConvertNumber<From, To>, Show<From>); };
    });
  });
}

/// value / 10^digits, half away from zero.
Int128 DropDigits(Int128 value, int digits) {
  if (digits > 38) return 0;
  const Int128 power = PowerOfTen(digits), rest = value % power;
  return value / power + (rest >= power - rest && rest > 0 ? 1 : 0) - (-rest >= power + rest && rest < 0 ? 1 : 0);
}

bool Rescale(Int128 value, int from_scale, const DataType& to, Int128* out) {
  if (to.scale < from_scale) {
    *out = DropDigits(value, from_scale - to.scale);
  } else if (to.scale - from_scale > 38 || __builtin_mul_overflow(value, PowerOfTen(to.scale - from_scale), out)) {
    return value == 0 && (*out = 0, true);
  }
  return InPrecision(*out, to.precision);
}

Kernel ToDecimalKernel(const TypePtr& from, const TypePtr& to, bool lenient) {
  if (from->id == TypeId::kDecimal128) {
    return [lenient, scale = from->scale](const Call& call) {
      return ConvertRows<Int128, Int128>(call, lenient, [&](Int128 value, Int128* out) { return Rescale(value, scale, *call.type, out); },
                                         [&](Int128 value) { return DecimalToText(value, scale); });
    };
  }
  return VisitNumber(from->id, [&](auto zero) -> Kernel {
    using From = decltype(zero);
    return [lenient](const Call& call) {
      const auto convert = [&](From value, Int128* out) {
        if constexpr (std::is_integral_v<From>) return Rescale(value, 0, *call.type, out);
        else {
          const std::optional<ExactNumber> exact = ParseExact(DoubleToText(double(value)));
          Int128 wide = 0;
          if (!exact) return false;
          const Fit fit = FloorTo(*exact, call.type->scale + 1, &wide);
          if (fit == Fit::kBelow || fit == Fit::kAbove) return false;
          *out = DropDigits(wide, 1);
          return InPrecision(*out, call.type->precision);
        }
      };
      return ConvertRows<From, Int128>(call, lenient, convert, Show<From>);
    };
  });
}

Kernel FromDecimalKernel(const TypePtr& from, const TypePtr& to, bool lenient) {
  return VisitNumber(to->id, [&](auto zero) -> Kernel {
    using To = decltype(zero);
    return [lenient, scale = from->scale](const Call& call) {
      const Int128 power = PowerOfTen(std::min(std::abs(scale), 38));
      const auto convert = [&](Int128 value, To* out) {
        if constexpr (std::is_floating_point_v<To>) {
          *out = scale >= 0 ? To(double(value) / double(power)) : To(double(value) * std::pow(10.0, -scale));
          return true;
        } else {
          Int128 whole = scale >= 0 ? value / power : value;
          if (scale < 0 && value != 0 && (scale < -38 || __builtin_mul_overflow(value, power, &whole))) return false;
          if (whole < Int128(std::numeric_limits<To>::min()) || whole > Int128(std::numeric_limits<To>::max())) return false;
          *out = To(whole);
          return true;
        }
      };
      return ConvertRows<Int128, To>(call, lenient, convert, [&](Int128 value) { return DecimalToText(value, scale); });
    };
  });
}

/// decimal256 to the decimal128 of its scale, where it fits.
Kernel NarrowDecimalKernel(const TypePtr& from, bool lenient) {
  return [lenient, scale = from->scale](const Call& call) {
    return ConvertRows<Int256, Int128>(call, lenient, NarrowWide, [&](const Int256& value) { return DecimalToText(value, scale) + ", of more than 38 digits,"; });
  };
}

template <typename From>
Kernel WidenDecimalKernel(const TypePtr& from, bool lenient) {
  return [lenient, scale = from->scale](const Call& call) {
    const auto convert = [&](const From& value, Int256* out) {
      if constexpr (std::is_same_v<From, Int256>) return !ShiftOverflows(value, call.type->scale - scale, out);
      else return !ShiftOverflows(Widen(value), call.type->scale - scale, out);
    };
    return ConvertRows<From, Int256>(call, lenient, convert, [&](const From& value) { return DecimalToText(value, scale); });
  };
}

template <typename To>
Kernel WideToFloatKernel(const TypePtr& from) {
  return [scale = from->scale](const Call& call) {
    const auto convert = [&](const Int256& value, To* out) { return *out = *ReadFloating<To>(DecimalToText(value, scale)), true; };
    return ConvertRows<Int256, To>(call, true, convert, [](const Int256&) { return ""; });
  };
}

Kernel BoolToNumber(TypeId to) {
  return VisitNumber(to, [&](auto zero) -> Kernel {
    using To = decltype(zero);
    return [](const Call& call) {
      return ConvertRows<bool, To>(call, true, [](bool value, To* out) { return *out = To(value), true; }, [](bool) { return ""; });
    };
  });
}
Kernel NumberToBool(TypeId from) {
  return VisitNumber(from, [&](auto zero) -> Kernel {
    using From = decltype(zero);
    return [](const Call& call) {
      return ConvertRows<From, bool>(call, true, [](From value, bool* out) { return *out = value != From{}, true; }, [](From) { return ""; });
    };
  });
}

bool IsInstant(TypeId id) { return IsDate(id) || id == TypeId::kTimestamp; }

/// Between dates and timestamps. What has no zone shows the clock of the other side's zone.
template <typename From, typename To>
Kernel InstantKernel(const TypePtr& from, const TypePtr& to, bool lenient) {
  const bool to_local = !from->timezone.empty() && to->timezone.empty(), to_utc = from->timezone.empty() && !to->timezone.empty();
  // A timestamp with a zone becomes the UTC clock without one, and the local date.
  const bool shifts = to_utc || (to_local && IsDate(to->id));
  const auto zone = shifts ? TimeZone::Find(to_utc ? to->timezone : from->timezone) : nullptr;
  const Int128 from_step = NanosPerStep(*from), to_step = NanosPerStep(*to);
  const Int128 whole = to->id == TypeId::kDate64 ? Int128(kNanosPerDay) : to_step;
  return [=](const Call& call) {
    const auto convert = [&](From value, To* out) {
      Int128 nanos = Int128(value) * from_step;
      if (zone) {
        const Int128 second = FloorDiv(nanos, kNanosPerSecond);
        if (second > INT64_MAX / 2 || second < INT64_MIN / 2) return false;
        nanos += (to_utc ? zone->ToUtc(int64_t(second)) - second : Int128(zone->OffsetAt(int64_t(second)))) * kNanosPerSecond;
      }
      const Int128 steps = FloorDiv(nanos, whole) * (whole / to_step);
      if (steps < Int128(std::numeric_limits<To>::min()) || steps > Int128(std::numeric_limits<To>::max())) return false;
      *out = To(steps);
      return true;
    };
    return ConvertRows<From, To>(call, lenient, convert, Show<From>);
  };
}

Kernel TemporalKernel(const TypePtr& from, const TypePtr& to, bool lenient) {
  return VisitNumber(from->id == TypeId::kDate32 || from->id == TypeId::kTime32 ? TypeId::kInt32 : TypeId::kInt64, [&](auto a) {
    return VisitNumber(to->id == TypeId::kDate32 || to->id == TypeId::kTime32 ? TypeId::kInt32 : TypeId::kInt64, [&](auto b) -> Kernel {
      if constexpr (std::is_integral_v<decltype(a)> && std::is_integral_v<decltype(b)> && std::is_signed_v<decltype(a)> &&
                    std::is_signed_v<decltype(b)> && sizeof(a) >= 4 && sizeof(b) >= 4) {
        return InstantKernel<decltype(a), decltype(b)>(from, to, lenient);
      } else {
        return nullptr;
      }
    });
  });
}

/// Between half and other floats: every value has one.
template <typename From, typename To>
Kernel HalfKernel(To (*convert)(From)) {
  return [convert_one = convert](const Call& call) {
    const ArrayPtr in = Spread(call.arguments[0], call.rows);
    const From* from = in->buffers[0].as<From>() + in->offset;
    BufferBuilder values(size_t(call.rows) * sizeof(To));
    values.Resize(size_t(call.rows) * sizeof(To));
    To* to = reinterpret_cast<To*>(values.data());
    for (int64_t row = 0; row < call.rows; ++row) to[row] = convert_one(from[row]);
    return MakeFixed(call.type, call.rows, values.Finish(), ValidityBits({in, false}, call.rows));
  };
}

Kernel DictionaryKernel() {
  return [](const Call& call) { return TakeByKeys(call.arguments[0], call.arguments[0].array->dictionary, call.rows); };
}

Kernel RetypeKernel() {
  return [](const Call& call) { return Retype(Spread(call.arguments[0], call.rows), call.type); };
}

/// Plain values, or those of a dictionary with other keys.
Kernel ToDictionaryKernel() {
  return [](const Call& call) {
    const ArrayPtr values = Spread(call.arguments[0], call.rows);
    return values->dictionary ? RekeyDictionary(values, call.type) : EncodeDictionary(values, call.type);
  };
}

Kernel Compose(Kernel first, TypePtr middle, Kernel second) {
  return [=](const Call& call) {
    const Column column{first(Call{call.arguments, call.rows, call.live, middle}), false};
    return second(Call{{&column, 1}, call.rows, call.live, call.type});
  };
}
Kernel Through(const TypePtr& from, const TypePtr& middle, const TypePtr& to, bool lenient) {
  return Compose(CastKernel(from, middle, lenient), middle, CastKernel(middle, to, lenient));
}

/// Text and binary: bytes stay, offsets are made anew.
Kernel BytesKernel(bool check_text, bool lenient) {
  return [=](const Call& call) {
    const Column& column = call.arguments[0];
    const Reader<std::string_view> values(column);
    Builder<std::string_view> out(call.rows);
    for (int64_t row = 0; row < call.rows; ++row) {
      const bool valid = column.IsValid(row);
      if (valid && (!check_text || IsUtf8(values[row]))) { out.Append(values[row]); continue; }
      if (valid && !lenient && IsLive(call.live, row)) throw Invalid("bytes that are no UTF-8 have no value as {}", TypeToString(*call.type));
      out.AppendNull();
    }
    return out.Finish(call.type);
  };
}

/// The items of fixed-size lists, all of them.
Column FixedItems(const Array& list, int64_t rows) {
  auto items = std::make_shared<Array>(*list.children[0]);
  items->offset += list.offset * list.type->list_size;
  items->length = rows * list.type->list_size;
  items->null_count = -1;
  return {items, false};
}

Kernel ListKernel(const TypePtr& from, const TypePtr& to, bool lenient) {
  const bool is_fixed = to->id == TypeId::kFixedSizeList;
  const bool keeps_size = is_fixed && from->id == to->id;
  if (keeps_size && from->list_size != to->list_size) {
    throw Invalid("there is no cast from {} to {}", TypeToString(*from), TypeToString(*to));
  }
  const Kernel items = CastKernel(from->children[0].type, to->children[0].type, lenient);
  return [items, is_fixed, keeps_size, lenient](const Call& call) {
    const ArrayPtr list = Spread(call.arguments[0], call.rows);
    const Column column{list, false};
    auto out = std::make_shared<Array>();
    out->type = call.type;
    out->length = call.rows;
    out->validity = ValidityBits(column, call.rows);
    const int64_t size = call.type->list_size;
    const auto has_size = [&](const Items& of_row) {
      if (!is_fixed || of_row.size() == size) return true;
      if (!lenient) throw Invalid("a list of {} items has no value as {}", of_row.size(), TypeToString(*call.type));
      return false;
    };
    const auto is_wanted = [&](int64_t row, const Items& of_row) { return list->IsValid(row) && IsLive(call.live, row) && has_size(of_row); };
    const auto convert = [&](const Column& child) {
      out->children = {items(Call{{&child, 1}, child.array->length, nullptr, call.type->children[0].type})};
      return ArrayPtr(out);
    };
    if (keeps_size && !out->validity.present() && !call.live) return convert(FixedItems(*list, call.rows));
    const bool is_large = call.type->id == TypeId::kLargeList;
    const Reader<Items> rows(column);
    BufferBuilder ends;
    std::vector<int64_t> positions;
    BitBuilder valid;
    const auto end_row = [&] { is_large ? ends.AppendValue(int64_t(positions.size())) : ends.AppendValue(int32_t(positions.size())); };
    end_row();
    for (int64_t row = 0; row < call.rows; ++row) {
      // Rows that nobody asks for are left empty, or null, as their items must not throw.
      const Items of_row = rows[row];
      const bool wanted = is_wanted(row, of_row);
      if (wanted) for (int64_t i = of_row.first; i < of_row.last; ++i) positions.push_back(i);
      else if (is_fixed) positions.insert(positions.end(), size_t(size), -1);
      if (is_fixed) valid.AppendBit(wanted);
      if (!is_large && positions.size() > INT32_MAX) throw Invalid("more than {} items in the lists of a batch", INT32_MAX);
      end_row();
    }
    if (is_fixed) {
      out->validity = valid.Finish();
      out->null_count = -1;
    } else {
      out->buffers = {ends.Finish()};
    }
    return convert({TakeArray(list->children[0], positions), false});
  };
}

Kernel StructKernel(const TypePtr& from, const TypePtr& to, bool lenient) {
  if (from->children.size() != to->children.size()) throw Invalid("there is no cast from {} to {}", TypeToString(*from), TypeToString(*to));
  std::vector<Kernel> kernels;
  for (size_t i = 0; i < from->children.size(); ++i) kernels.push_back(CastKernel(from->children[i].type, to->children[i].type, lenient));
  return [kernels](const Call& call) {
    const ArrayPtr in = Spread(call.arguments[0], call.rows);
    auto out = std::make_shared<Array>();
    out->type = call.type;
    out->length = call.rows;
    out->validity = ValidityBits({in, false}, call.rows);
    for (size_t i = 0; i < kernels.size(); ++i) {
      const Column child{StructChild(*in, i), false};
      out->children.push_back(kernels[i](Call{{&child, 1}, call.rows, call.live, call.type->children[i].type}));
    }
    return ArrayPtr(out);
  };
}

bool IsTemporal(TypeId id) { return IsInstant(id) || IsTime(id) || id == TypeId::kDuration; }
/// Steps since midnight, which are those of one day.
template <typename T>
Kernel TimeOfDayKernel(const TypePtr& to, bool lenient) {
  return [lenient, step = NanosPerStep(*to)](const Call& call) {
    return ConvertRows<T, T>(call, lenient, [step](T value, T* out) { return *out = value, value >= 0 && value * step < kNanosPerDay; }, Show<T>);
  };
}
bool IsNarrowTemporal(TypeId id) { return id == TypeId::kDate32 || id == TypeId::kTime32; }

Kernel TemporalCast(const TypePtr& from, const TypePtr& to, bool lenient) {
  const bool instants = IsInstant(from->id) && IsInstant(to->id);
  const bool same_family = (IsTime(from->id) && IsTime(to->id)) || (from->id == TypeId::kDuration && to->id == TypeId::kDuration);
  if (instants || same_family) return TemporalKernel(from, to, lenient);
  const TypePtr stored = MakeType(IsNarrowTemporal(IsTemporal(from->id) ? from->id : to->id) ? TypeId::kInt32 : TypeId::kInt64);
  if (IsTemporal(from->id) && IsNumber(to->id)) return Compose(RetypeKernel(), stored, CastKernel(stored, to, lenient));
  if (IsWhole(from->id) && IsTime(to->id)) {
    return Compose(CastKernel(from, stored, lenient), stored, to->id == TypeId::kTime32 ? TimeOfDayKernel<int32_t>(to, lenient) : TimeOfDayKernel<int64_t>(to, lenient));
  }
  if (IsWhole(from->id) && IsTemporal(to->id)) return Compose(CastKernel(from, stored, lenient), stored, RetypeKernel());
  if (from->id == TypeId::kTimestamp && IsTime(to->id)) {
    return [=](const Call& call) {
      const Int128 step = NanosPerStep(*from), to_step = NanosPerStep(*to);
      const auto of_day = [&](int64_t value) {
        const Int128 nanos = Int128(value) * step;
        return (nanos - FloorDiv(nanos, kNanosPerDay) * kNanosPerDay) / to_step;
      };
      if (to->id == TypeId::kTime32) return ConvertRows<int64_t, int32_t>(call, true, [&](int64_t v, int32_t* out) { return *out = int32_t(of_day(v)), true; }, Show<int64_t>);
      return ConvertRows<int64_t, int64_t>(call, true, [&](int64_t v, int64_t* out) { return *out = int64_t(of_day(v)), true; }, Show<int64_t>);
    };
  }
  throw Invalid("there is no cast from {} to {}", TypeToString(*from), TypeToString(*to));
}

}  // namespace

Kernel CastKernel(const TypePtr& from, const TypePtr& to, bool lenient) {
  const TypeId a = from->id, b = to->id;
  if (TypesEqual(*from, *to)) return RetypeKernel();
  if (a == TypeId::kNull) return [](const Call& call) { return MakeNullArray(call.type, call.rows); };
  if (b == TypeId::kDictionary) {
    const TypePtr& values = a == TypeId::kDictionary ? from->value_type : from;
    return TypesEqual(*values, *to->value_type) ? ToDictionaryKernel() : Through(from, to->value_type, to, lenient);
  }
  if (a == TypeId::kDictionary) return TypesEqual(*from->value_type, *to) ? DictionaryKernel() : Through(from, from->value_type, to, lenient);
  if (a == TypeId::kHalfFloat) return b == TypeId::kFloat ? HalfKernel(HalfToFloat) : Through(from, MakeType(TypeId::kFloat), to, lenient);
  if (b == TypeId::kHalfFloat) {
    if (a == TypeId::kFloat) return HalfKernel(FloatToHalf);
    return a == TypeId::kDouble ? HalfKernel(DoubleToHalf) : Through(from, MakeType(TypeId::kDouble), to, lenient);
  }
  if (a == TypeId::kDecimal256) {
    if (b == TypeId::kDecimal256) return WidenDecimalKernel<Int256>(from, lenient);
    if (b == TypeId::kFloat) return WideToFloatKernel<float>(from);
    if (b == TypeId::kDouble) return WideToFloatKernel<double>(from);
    if (IsText(b) && b != TypeId::kUtf8View) return ToTextKernel(from);
    const TypePtr narrow = DecimalType(TypeId::kDecimal128, 38, from->scale);
    return TypesEqual(*narrow, *to) ? NarrowDecimalKernel(from, lenient) : Through(from, narrow, to, lenient);
  }
  if (b == TypeId::kDecimal256 && a == TypeId::kDecimal128) return WidenDecimalKernel<Int128>(from, lenient);
  if (b == TypeId::kDecimal256 && IsWhole(a)) return Through(from, DecimalType(TypeId::kDecimal128, 20, 0), to, lenient);
  if ((IsText(a) || IsBytes(a)) && (IsText(b) || (IsBytes(b) && b != TypeId::kFixedSizeBinary && b != TypeId::kBinaryView))) {
    if (b != TypeId::kUtf8View) return BytesKernel(IsBytes(a) && IsText(b), lenient);
  }
  if (IsText(a)) return FromTextKernel(to, lenient);
  if (IsText(b) && b != TypeId::kUtf8View) return ToTextKernel(from);
  const bool numbers = IsNumber(a) && IsNumber(b) && b != TypeId::kHalfFloat && b != TypeId::kDecimal256;
  if (numbers && b == TypeId::kDecimal128) return ToDecimalKernel(from, to, lenient);
  if (numbers && a == TypeId::kDecimal128) return FromDecimalKernel(from, to, lenient);
  if (numbers) return NumberKernel(a, b, lenient);
  if (a == TypeId::kBool && IsNumber(b) && !IsDecimal(b) && b != TypeId::kHalfFloat) return BoolToNumber(b);
  if (b == TypeId::kBool && IsNumber(a) && !IsDecimal(a)) return NumberToBool(a);
  if (IsTemporal(a) || IsTemporal(b)) return TemporalCast(from, to, lenient);
  if (IsList(a) && IsList(b)) return ListKernel(from, to, lenient);
  if (a == TypeId::kStruct && b == TypeId::kStruct) return StructKernel(from, to, lenient);
  throw Invalid("there is no cast from {} to {}", TypeToString(*from), TypeToString(*to));
}

NodePtr CastTo(NodePtr node, const TypePtr& to, bool lenient) {
  if (TypesEqual(*node->type(), *to)) return node;
  Kernel kernel = CastKernel(node->type(), to, lenient);
  return Fold(std::make_shared<CallNode>("cast", to, std::move(kernel), std::vector<NodePtr>{std::move(node)}));
}

}  // namespace eider::expr
