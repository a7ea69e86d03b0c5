#pragma once
/// \file
/// Checks what manifests say, and collects the files that they name: what many versions share is checked once.

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_set>
#include <vector>

#include "eider/table/snapshot.h"
#include "eider/verify/findings.h"

namespace eider::verify {

/// A data file, and what a manifest says of it.
struct NamedDataFile {
  table::FileLocation place;
  uint64_t version = 0;      ///< the first that names it
  uint64_t fragment = 0;
  uint64_t size_bytes = 0;   ///< 0: not recorded
  uint64_t num_rows = 0;     ///< 0: not recorded
  int32_t last_column = -1;
};

class VersionCheck {
 public:
  explicit VersionCheck(Findings* findings) : findings_(*findings) {}

  /// `snapshot` is one version of the table or of a branch; `is_newest` of its line.
  void Check(const table::Snapshot& snapshot, bool is_newest);
  /// The data files of all versions so far, each once for each thing that is said of it.
  std::vector<NamedDataFile> TakeDataFiles();
  uint64_t num_fragments() const { return num_fragments_; }
  uint64_t num_unchecked_manifests() const { return num_unchecked_manifests_; }
  uint64_t num_unchecked_deletions() const { return num_unchecked_deletions_; }

 private:
  Finding At(Finding::Kind kind, std::string path = {}) const;
  void Report(Finding::Kind kind, std::string message, std::string path = {});
  void CheckFragment(size_t index);
  void CheckFields(const table::Fragment& fragment);
  void CheckRowIds(const table::Fragment& fragment);
  void CheckDeletions(const table::Fragment& fragment);
  void CheckNoRowIdTwice();
  void CheckIndices();
  void CheckIndexFiles(const ::lance::table::IndexMetadata& index);
  void CheckTransaction();

  Findings& findings_;
  const table::Snapshot* snapshot_ = nullptr;
  std::unordered_set<uint64_t> seen_;  ///< hashes of fragments that were checked
  std::map<std::tuple<std::string, std::string, uint64_t, uint64_t>, NamedDataFile> files_;
  std::set<std::string> seen_indices_;
  uint64_t num_fragments_ = 0, num_unchecked_manifests_ = 0, num_unchecked_deletions_ = 0;
};

/// The path below the root of the table, or the whole one of what lies elsewhere.
std::string ShownPath(const table::Snapshot& snapshot, const table::FileLocation& place);

}  // namespace eider::verify
