#pragma once
/// \file
/// Removal of old versions and of files that no version needs.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace eider {

/// A version goes when every limit that is set says so; without any, when it is older than 14 days. The version at hand, what came
/// after it, tagged versions, those that a branch began at and reads, and those that are open in this process stay.
struct CleanupOptions {
  std::optional<std::chrono::nanoseconds> older_than;
  std::optional<uint64_t> retain_versions;         ///< the newest so many stay; at least 1
  std::optional<std::vector<uint64_t>> versions;   ///< only these may go
  bool delete_unverified = false;                  ///< also files that no version ever had and that are younger than 7 days
  bool error_if_tagged = true;                     ///< kInvalid when a tag alone keeps a version; false: it stays silently
  std::optional<uint64_t> deletes_per_second;
  bool sync = true;
  std::function<int64_t()> clock;                  ///< nanoseconds since the Unix epoch; unset: the system's
};

struct CleanupStats {
  uint64_t bytes_removed = 0;
  uint64_t old_versions = 0;
  uint64_t data_files_removed = 0;  ///< side-cars of blobs included
  uint64_t transaction_files_removed = 0;
  uint64_t index_files_removed = 0;
  uint64_t deletion_files_removed = 0;
  uint64_t failed_deletes = 0;
};

struct CleanupFile {
  enum class Kind { kManifest, kTemporaryManifest, kData, kDeletion, kTransaction, kIndex };
  std::string path;  ///< below the root of the table or branch
  Kind kind = Kind::kData;
  bool is_unverified = false;  ///< no version ever named it
  uint64_t size_bytes = 0;
};

/// A branch that began on the one that is cleaned.
struct CleanupBranch {
  std::string name;
  uint64_t version = 0;   ///< that it began at
  bool is_needed = true;  ///< it still reads files from there
};

/// What a cleanup would do.
struct CleanupExplanation {
  uint64_t read_version = 0;
  CleanupStats stats;
  std::vector<CleanupFile> files;  ///< manifests last
  std::vector<CleanupBranch> branches;
  std::vector<std::string> warnings;
};

}  // namespace eider
