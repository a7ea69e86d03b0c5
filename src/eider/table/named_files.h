#pragma once
/// \file
/// The files that manifests name.

#include <string>
#include <unordered_set>

#include "eider/table/manifest.h"

namespace eider::table {

/// 16 bytes -> "8-4-4-4-12" hexadecimal digits, as the folder of an index is named.
std::string UuidText(std::string_view bytes);

/// Names are random: one that any manifest has in any base is spared in all of them.
class NamedFiles {
 public:
  /// \throws Error(kCorrupt) when a part of the manifest cannot be read: what it names is not known then.
  void Add(const Manifest& manifest);
  void Add(const NamedFiles& others);

  /// `path` below data/: of a data file, or of a side-car in the folder named after one.
  bool HasData(std::string_view path) const;
  bool HasDeletion(std::string_view name) const { return deletions_.contains(std::string(name)); }
  bool HasTransaction(std::string_view name) const { return transactions_.contains(std::string(name)); }
  bool HasIndex(std::string_view uuid) const { return indices_.contains(std::string(uuid)); }
  /// Whether some file lies in a base path.
  bool any_in_base() const { return any_in_base_; }

 private:
  std::unordered_set<std::string> data_, deletions_, transactions_, indices_;
  bool any_in_base_ = false;
};

}  // namespace eider::table
