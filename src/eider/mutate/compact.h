#pragma once
/// \file
/// Compaction: rewrites runs of neighbouring fragments as fewer, larger ones without deleted rows, and merges small files of others.

#include <eider/compaction.h>
#include <eider/session.h>

#include <span>
#include <vector>

#include "eider/mutate/compaction_plan.h"
#include "eider/table/snapshot.h"

namespace eider::mutate {

struct Compacted {
  table::Snapshot snapshot;  ///< the version that was read, when there is nothing to compact
  CompactionMetrics metrics;
};

/// In the version of the table's files. Indices lose the fragments that are rewritten. Groups are written one by one, each on all cores,
/// and committed in their order. Those that other writers changed meanwhile are planned again on their version.
/// \throws Error(kUnsupported) for data overlays
Compacted CompactFiles(const table::Snapshot& read, const CompactionOptions& options, const std::shared_ptr<Session>& session);
/// One round over these groups of one version. What others changed meanwhile stays as they left it.
Compacted CompactGroups(const table::Snapshot& read, const std::vector<CompactionGroup>& groups, const CompactionOptions& options,
                        const std::shared_ptr<Session>& session);

// The same in parts, for workers.

std::vector<CompactionTask> PlanTasks(const table::Snapshot& read, const CompactionOptions& options, const std::shared_ptr<Session>& session);
/// On the version that the task names. \throws Error(kInvalid) for a task that does not fit it
CompactionRewrite ExecuteTask(const table::Snapshot& any, const CompactionTask& task, const CompactionOptions& options,
                              const std::shared_ptr<Session>& session);
/// All or none of each kind: rows that were written anew first, then merged files. \throws Error(kInvalid) for messages that contradict
/// each other, Error(kRetryableConflict) naming what came between
Compacted CommitRewrites(const table::Snapshot& any, std::span<const CompactionRewrite> rewrites, const CompactionOptions& options);

}  // namespace eider::mutate
