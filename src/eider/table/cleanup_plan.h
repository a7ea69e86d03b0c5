#pragma once
/// \file
/// What a cleanup would remove.

#include <eider/cleanup.h>

#include <chrono>
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

struct FoundFile {
  CleanupFile file;
  int64_t modified_ns = 0;
};
/// Files in the folders of a table or branch that `named` does not have. Files of other kinds than the format's are not looked at.
std::vector<FoundFile> FilesBeside(const io::ObjectStore& store, const NamedFiles& named);

/// "_versions/d{version}.manifest": versions that are in no line.
std::vector<VersionEntry> ListDetached(const io::ObjectStore& store);
/// Folders below tree/ that hold versions, listed as a branch or not: one may just be made.
std::vector<std::string> ListBranchFolders(const io::ObjectStore& table);
/// No writer works so long before it commits: what no version names and is older was left behind.
inline constexpr auto kUnverifiedAge = std::chrono::hours(24 * 7);

}  // namespace eider::table
