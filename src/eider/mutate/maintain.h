#pragma once
/// \file
/// Self-maintenance: after a commit, what keeps a table in shape, where its config asks for it.
///
///     eider.maintenance                  "on", or "off" as without it
///     eider.maintenance.older_than       age at which versions go, "14days" unless said
///     eider.maintenance.retain_versions  the newest so many stay whatever their age, 100 unless said
///
/// Looks at every eighth version alone. Fragments are in tiers by the logarithm of their rows: 32 of one are written as one of the next, so
/// that n appends of a row write O(n log n) rows and leave some 32 fragments in each tier. Fragments of which a third is deleted are
/// written anew, and those with more than 16 small files have these merged. Of several writers one works: the others find its claim,
///
///     _eider/maintenance.claim   its age counts alone: 20 seconds
///
/// and pass it over only when three times as many fragments wait. Versions are cleaned up when an eighth of them is too old.

#include <eider/session.h>

#include <functional>
#include <optional>

#include "eider/mutate/compaction_plan.h"
#include "eider/table/snapshot.h"

namespace eider::mutate {

struct MaintenanceOptions {
  bool sync = true;
  std::function<int64_t()> clock = {};  ///< nanoseconds since the Unix epoch; unset: the system's
};

/// Conflicts with other writers and everything else that goes wrong are passed over: the commit has landed, and a later one tries again.
void Maintain(const table::Snapshot& committed, const MaintenanceOptions& options, const std::shared_ptr<Session>& session);

/// Of config that is about to be set. \throws Error(kInvalid) for an entry of maintenance that would be passed over in silence
void CheckMaintenanceEntry(const std::string& key, const std::string& value);

/// What is due. For tests.
std::vector<CompactionGroup> PlanMaintenance(const table::Snapshot& snapshot);

}  // namespace eider::mutate
