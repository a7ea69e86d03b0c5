#pragma once
/// \file
/// What names versions: tags, branches, and references to them.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace eider {

/// A version of a branch: no branch, or "main", is the default one; no number, its latest.
struct BranchVersion {
  std::optional<std::string> branch;
  std::optional<uint64_t> version;
};

/// The version at hand, a number on its branch, a tag, or a version of any branch.
using Reference = std::variant<std::monostate, uint64_t, std::string, BranchVersion>;

struct TagInfo {
  std::optional<std::string> branch;  ///< unset: the default one
  uint64_t version = 0;
  std::optional<int64_t> created_ns;  ///< since the Unix epoch; older engines do not say
  std::optional<int64_t> updated_ns;  ///< when it was last moved
  uint64_t manifest_bytes = 0;
  std::map<std::string, std::string> metadata;
};

struct BranchInfo {
  std::optional<std::string> parent;  ///< unset: the default one
  /// One entry for each step from the default branch: the version that it began at, and an id of 32 hexadecimal digits.
  std::vector<std::pair<uint64_t, std::string>> lineage;
  uint64_t parent_version = 0;
  uint64_t created_s = 0;             ///< since the Unix epoch
  uint64_t manifest_bytes = 0;
  std::map<std::string, std::string> metadata;
};

/// Where files of a version may lie besides its own folders.
struct BasePath {
  uint32_t id = 0;
  std::optional<std::string> name;
  std::string path;
  bool is_dataset_root = false;  ///< they lie in its data/, _deletions/ and _indices/; otherwise directly in it
};

/// A file that a version names.
struct TrackedFile {
  enum class Kind { kManifest, kData, kDeletion, kTransaction, kIndex };
  std::string base;  ///< root of the table, branch or base path where it lies
  std::string path;  ///< below it
  Kind kind = Kind::kData;
};

}  // namespace eider
