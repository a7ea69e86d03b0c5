#pragma once
/// \file
/// Walks the values of an array that are not null, in stretches where they lie together.

#include <eider/array.h>

#include <algorithm>
#include <bit>

#include "eider/base/bytes.h"

namespace eider::reduce {

/// Calls run(first, count) for stretches without nulls and one(position) for values among nulls, ascending. Positions are those of the
/// array's buffers: its offset is added.
template <typename Run, typename One>
void VisitValid(const Array& array, Run&& run, One&& one) {
  if (array.type->id == TypeId::kNull || array.length == 0) return;
  const int64_t begin = array.offset, end = begin + array.length;
  if (!array.validity.present() || array.null_count == 0) return run(begin, array.length);
  int64_t dense = begin;  // where the stretch starts that nothing was called for
  for (int64_t at = begin; at < end; at += 64) {
    const int64_t count = std::min<int64_t>(64, end - at);
    uint64_t word = LoadBits(array.validity.data(), static_cast<uint64_t>(at), static_cast<uint64_t>(count));
    if (std::popcount(word) == count) continue;
    if (dense < at) run(dense, at - dense);
    dense = at + count;
    for (; word != 0; word &= word - 1) one(at + std::countr_zero(word));
  }
  if (dense < end) run(dense, end - dense);
}

}  // namespace eider::reduce
