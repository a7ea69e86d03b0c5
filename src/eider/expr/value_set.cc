#include "eider/expr/value_set.h"

#include <bit>
#include <cmath>
#include <random>
#include <unordered_set>

#include "eider/expr/native.h"

namespace eider::expr {
namespace {

/// Open addressing over 64-bit keys.
class KeySet {
 public:
  explicit KeySet(size_t count) : shift_(64 - std::bit_width(std::max<size_t>(count, 4) * 2)), slots_(size_t{1} << (64 - shift_)), used_(slots_.size()) {
    std::random_device device;
    seed_ = uint64_t{device()} << 32 | device();
  }
  void Add(uint64_t key) {
    size_t at = Home(key);
    while (used_[at] && slots_[at] != key) at = Next(at);
    slots_[at] = key, used_[at] = 1;
  }
  bool Has(uint64_t key) const {
    size_t at = Home(key);
    while (used_[at]) {
      if (slots_[at] == key) return true;
      at = Next(at);
    }
    return false;
  }

 private:
  // Mixed well and seeded: nobody can choose keys that collide.
  size_t Home(uint64_t key) const {
    key ^= seed_;
    key = (key ^ key >> 33) * 0xFF51AFD7ED558CCDu;
    key = (key ^ key >> 33) * 0xC4CEB9FE1A85EC53u;
    return key >> shift_;
  }
  size_t Next(size_t at) const { return (at + 1) & (slots_.size() - 1); }

  int shift_;
  uint64_t seed_ = 0;
  std::vector<uint64_t> slots_;
  std::vector<uint8_t> used_;
};

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

template <typename Has>
ArrayPtr Look(const Call& call, bool has_null, bool negated, Has&& has) {
  const Column& column = call.arguments[0];
  BitBuilder bits, valid;
  bits.AppendFill(uint64_t(call.rows), false);
  valid.AppendFill(uint64_t(call.rows), true);
  bool nulls = false;
  for (int64_t row = 0; row < call.rows; ++row) {
    const bool known = column.IsValid(row), found = known && has(row);
    if (found != negated) SetBit(bits.data(), uint64_t(row));
    if (!known || (!found && has_null)) ClearBit(valid.data(), uint64_t(row)), nulls = true;
  }
  return MakeBools(call.rows, bits.Finish(), nulls ? valid.Finish() : Buffer());
}

bool HasNull(const Array& values) { return CountNulls(values) > 0; }

template <typename T>
Kernel NativeIn(const ArrayPtr& values, bool negated) {
  const Column column{values, false};
  auto set = std::make_shared<KeySet>(size_t(values->length));
  for (int64_t i = 0; i < values->length; ++i) {
    if (values->IsValid(i)) set->Add(KeyOf(Reader<T>(column)[i]));
  }
  return [set = std::shared_ptr<const KeySet>(set), negated, has_null = HasNull(*values)](const Call& call) {
    const Reader<T> rows(call.arguments[0]);
    return Look(call, has_null, negated, [&](int64_t row) { return set->Has(KeyOf(rows[row])); });
  };
}

Kernel TextIn(const ArrayPtr& values, bool negated) {
  const Column column{values, false};
  auto set = std::make_shared<std::unordered_set<std::string_view>>();
  for (int64_t i = 0; i < values->length; ++i) {
    if (values->IsValid(i)) set->insert(Reader<std::string_view>(column)[i]);
  }
  return [set, values, negated, has_null = HasNull(*values)](const Call& call) {
    const Reader<std::string_view> rows(call.arguments[0]);
    return Look(call, has_null, negated, [&](int64_t row) { return set->contains(rows[row]); });
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
