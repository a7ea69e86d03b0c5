#pragma once
/// \file
/// What a cleanup would remove.

#include <eider/cleanup.h>

#include <set>
#include <vector>

#include "eider/table/named_files.h"
#include "eider/table/snapshot.h"

namespace eider::table {

struct CleanupPlan {
  std::vector<CleanupFile> files;  ///< manifests last
  std::vector<uint64_t> removed_versions;
  std::vector<CleanupBranch> branches;
  std::vector<std::string> warnings;
};
/// \throws as ExplainCleanup.
CleanupPlan PlanCleanup(const Snapshot& at, const CleanupOptions& options);

/// Versions of this branch that tags name, or that other branches began at and still read.
std::set<uint64_t> NamedVersions(const Snapshot& at);

/// Files of the versions that stay, of this branch, its detached ones, and of all other branches.
struct SparedFiles {
  NamedFiles named;
  std::vector<CleanupBranch> branches;  ///< that began on this one
};
SparedFiles FilesToSpare(const Snapshot& at, const std::vector<uint64_t>& removed_versions);

bool IsNamed(const NamedFiles& names, const CleanupFile& file);

}  // namespace eider::table
