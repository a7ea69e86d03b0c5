#pragma once
/// \file
/// Arithmetic of 256-bit integers, the values of decimal256.

#include "eider/expr/native.h"

namespace eider::expr {

/// Digits that every decimal256 has room for.
inline constexpr int kWideDigits = 76;

Int256 Widen(Int128 value);
/// Whether 128 bits hold the value.
bool NarrowWide(const Int256& value, Int128* out);
inline bool IsNegative(const Int256& value) { return int64_t(value.limbs[3]) < 0; }
Int256 Negated(Int256 value);
/// value * by + add, of a value that is not negative; bits past the 256 are lost.
void MultiplyAdd(Int256& value, uint64_t by, uint64_t add);
/// Divides a value that is not negative; the remainder comes back.
uint64_t DivideBy(Int256& value, uint64_t by);

/// These are true where the result has more than kWideDigits digits.
bool AddOverflows(const Int256& a, const Int256& b, Int256* out);
bool SubtractOverflows(const Int256& a, const Int256& b, Int256* out);
bool MultiplyOverflows(const Int256& a, const Int256& b, Int256* out);
/// value * 10^digits; for negative `digits` half away from zero.
bool ShiftOverflows(const Int256& value, int digits, Int256* out);

}  // namespace eider::expr
