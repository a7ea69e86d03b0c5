#pragma once
/// \file
/// The portable serialization of 32-bit roaring bitmaps, read from untrusted bytes.
///
///     without runs:  | u32 12346 | u32 n |                     header | u32 offset x n | containers
///     with runs:     | u32 (n - 1) << 16 | 12347 | run flags |  header | u32 offset x n, only when n >= 4 | containers
///     header:        | u16 high bits | u16 cardinality - 1 |  x n, high bits ascending
///     containers:    array: u16 x cardinality (up to 4096) | bitmap: 8192 bytes | runs: u16 k | (u16 start, u16 length - 1) x k
///
/// Reader: values ascend strictly and cardinalities agree; offsets are not believed, containers follow each other.

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "eider/base/bytes.h"

namespace eider::rows {

/// Calls `run(first, count)` for runs of set bits, ascending and disjoint. \throws Error(kCorrupt)
void VisitPortableRoaring(ByteSpan bytes, const std::function<void(uint32_t first, uint32_t count)>& run);

/// The bitmap with these bits, in any order.
std::string ToPortableRoaring(std::span<const uint32_t> bits);

}  // namespace eider::rows
