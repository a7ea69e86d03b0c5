#pragma once
/// \file
/// Sorted blocks merged into the positions of their rows, by threads beside each other: each sorts a range of keys.

#include "eider/base/task_pool.h"
#include "eider/query/sorted_block.h"

namespace eider::query {

/// What MergePositions takes beside its result, with so many threads.
uint64_t MergeBytes(int num_threads);
/// Positions, of 64 bits, of the first `most` records of blocks that are each in order.
BufferBuilder MergePositions(std::span<const SortedBlock> blocks, uint64_t most, TaskPool& pool);

}  // namespace eider::query
