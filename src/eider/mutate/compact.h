#pragma once
/// \file
/// Compaction: rewrites runs of neighbouring fragments as fewer, larger ones without deleted rows.

#include <eider/compaction.h>
#include <eider/session.h>

#include <vector>

#include "eider/query/table_reader.h"

namespace eider::mutate {

struct Compacted {
  table::Snapshot snapshot;  ///< the version that was read, when there is nothing to compact
  CompactionMetrics metrics;
};

/// Positions of fragments to be rewritten together, each group a run of neighbours.
std::vector<std::vector<size_t>> PlanCompaction(const query::TableReader& table, const CompactionOptions& options);

/// In the version of the table's files. Indices lose the fragments that are rewritten. When other writers changed these meanwhile,
/// all is planned again on their version. \throws Error(kUnsupported) for data overlays
Compacted CompactFiles(const table::Snapshot& read, const CompactionOptions& options, const std::shared_ptr<Session>& session);

}  // namespace eider::mutate
