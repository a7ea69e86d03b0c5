#include "eider/expr/wide_integer.h"

#include <algorithm>

namespace eider::expr {
namespace {

using UInt128 = unsigned __int128;

Int256 Magnitude(const Int256& value) { return IsNegative(value) ? Negated(value) : value; }

/// The product of two values that are not negative has no place in 255 bits.
bool MagnitudesOverflow(const Int256& a, const Int256& b, Int256* out) {
  *out = {};
  uint64_t lost = 0;
  for (int i = 0; i < 4; ++i) {
    UInt128 carry = 0;
    for (int j = 0; i + j < 4; ++j) {
      carry += UInt128(a.limbs[i]) * b.limbs[j] + out->limbs[i + j];
      out->limbs[i + j] = uint64_t(carry), carry >>= 64;
    }
    lost |= uint64_t(carry);
    for (int j = 4 - i; j < 4; ++j) lost |= uint64_t(a.limbs[i] != 0 && b.limbs[j] != 0);
  }
  return lost != 0 || IsNegative(*out);
}

Int256 PowerOf(int digits) {
  Int256 power{{1, 0, 0, 0}};
  for (int i = 0; i < digits; ++i) MultiplyAdd(power, 10, 0);
  return power;
}

bool IsTooWide(const Int256& value) {
  static const Int256 limit = PowerOf(kWideDigits);
  return !(Magnitude(value) < limit);
}

}  // namespace

Int256 Widen(Int128 value) {
  const uint64_t sign = value < 0 ? ~uint64_t{0} : 0;
  return {{uint64_t(value), uint64_t(value >> 64), sign, sign}};
}

bool NarrowWide(const Int256& value, Int128* out) {
  *out = Int128((UInt128(value.limbs[1]) << 64) | value.limbs[0]);
  return Widen(*out) == value;
}

Int256 Negated(Int256 value) {
  UInt128 carry = 1;
  for (uint64_t& limb : value.limbs) carry += uint64_t(~limb), limb = uint64_t(carry), carry >>= 64;
  return value;
}

void MultiplyAdd(Int256& value, uint64_t by, uint64_t add) {
  UInt128 carry = add;
  for (uint64_t& limb : value.limbs) carry += UInt128(limb) * by, limb = uint64_t(carry), carry >>= 64;
}

uint64_t DivideBy(Int256& value, uint64_t by) {
  UInt128 rest = 0;
  for (int i = 3; i >= 0; --i) {
    rest = rest << 64 | value.limbs[i];
    value.limbs[i] = uint64_t(rest / by), rest %= by;
  }
  return uint64_t(rest);
}

bool AddOverflows(const Int256& a, const Int256& b, Int256* out) {
  UInt128 carry = 0;
  const bool same_sign = IsNegative(a) == IsNegative(b), negative = IsNegative(a);  // `out` may be one of them
  for (int i = 0; i < 4; ++i) carry += UInt128(a.limbs[i]) + b.limbs[i], out->limbs[i] = uint64_t(carry), carry >>= 64;
  const bool wrapped = same_sign && IsNegative(*out) != negative;
  return wrapped || IsTooWide(*out);
}

bool SubtractOverflows(const Int256& a, const Int256& b, Int256* out) { return AddOverflows(a, Negated(b), out); }

bool MultiplyOverflows(const Int256& a, const Int256& b, Int256* out) {
  const bool negative = IsNegative(a) != IsNegative(b);
  if (MagnitudesOverflow(Magnitude(a), Magnitude(b), out)) return true;
  if (negative) *out = Negated(*out);
  return IsTooWide(*out);
}

bool ShiftOverflows(const Int256& value, int digits, Int256* out) {
  if (digits > kWideDigits) return *out = {}, value != Int256{};
  if (digits == 0) return *out = value, IsTooWide(value);
  if (digits > 0) return MultiplyOverflows(value, PowerOf(digits), out);
  const bool negative = IsNegative(value);
  *out = Magnitude(value);
  uint64_t rest = 0;
  for (int i = std::max(digits, -kWideDigits - 2); i < 0; ++i) rest = DivideBy(*out, 10);
  if (rest >= 5) MultiplyAdd(*out, 1, 1);
  if (negative) *out = Negated(*out);
  return false;
}

}  // namespace eider::expr
