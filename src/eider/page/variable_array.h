#pragma once
/// \file
/// Arrow arrays of variable-width values from lengths and bytes.

#include <eider/array.h>

#include <span>
#include <vector>

namespace eider::page {

/// Values of `type` (utf8, binary and their large forms) that lie back to back in `data`.
/// \throws Error(kCorrupt) when the lengths do not add up to its size, Error(kInvalid) when 32-bit offsets would overflow.
ArrayPtr MakeVariableArray(const TypePtr& type, std::span<const uint64_t> lengths, Buffer validity, Buffer data);
/// Arrow offsets from lengths: n + 1, from 0.
Buffer MakeOffsets(std::span<const uint64_t> lengths, bool large);
/// The bytes of value `i`.
ByteSpan VariableValue(const Array& array, int64_t i);

}  // namespace eider::page
