#pragma once
/// \file
/// What a compaction has to do.

#include <eider/compaction.h>

#include <vector>

#include "eider/query/table_reader.h"

namespace eider::mutate {

struct CompactionGroup {
  std::vector<size_t> fragments;  ///< positions, ascending
  bool merges_files = false;      ///< of the one fragment
  bool operator==(const CompactionGroup&) const = default;
};

/// Groups of neighbours that are written together, and fragments whose small files are merged.
std::vector<CompactionGroup> PlanCompaction(const query::TableReader& table, const CompactionOptions& options);

/// Bytes of the fragment's data files, and of the side-cars of its blobs.
uint64_t StoredBytes(const table::Snapshot& snapshot, const table::Fragment& fragment);

}  // namespace eider::mutate
