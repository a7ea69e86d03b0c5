#pragma once
/// \file
/// The files of tags and branches: JSON, written with two blanks for each level.
///
///     _refs/tags/{name}.json       {"branch": null | name, "version", "createdAt", "updatedAt" (RFC 3339), "manifestSize", "metadata": {}}
///     _refs/branches/{name}.json   {"parentBranch": null | name, "identifier": {"version_mapping": [[version, id], ...]},
///                                   "parentVersion", "createAt" (seconds), "manifestSize", "metadata": {}}
///
/// In the name of a file a byte that is no letter, digit, '.', '-' or '_' is percent-encoded. Older engines leave out dates and
/// metadata. Members that this version does not know are kept.

#include <eider/refs.h>

#include <string>
#include <string_view>

namespace eider::table {

struct TagFile {
  TagInfo info;
  std::string unknown;  ///< members as JSON, each after a comma
};
struct BranchFile {
  BranchInfo info;
  std::string unknown;
};

/// Decode untrusted text. \throws Error(kCorrupt)
TagFile DecodeTagFile(std::string_view json);
BranchFile DecodeBranchFile(std::string_view json);
std::string EncodeTagFile(const TagFile& tag);
std::string EncodeBranchFile(const BranchFile& branch);

/// "a/b" <-> "a%2Fb.json"; nullopt for the name of another kind of file.
std::string RefFileName(std::string_view name);
std::optional<std::string> NameOfRefFile(std::string_view file_name);

/// \throws Error(kInvalid) for a name that a new tag or branch may not have.
void CheckTagName(std::string_view name);
void CheckBranchName(std::string_view name);

}  // namespace eider::table
