#pragma once
/// \file
/// Tags and branches of a table.
///
///     _refs/tags/{name}.json       names a version that cleanup spares
///     _refs/branches/{name}.json   where a branch began
///     tree/{name}/                 the branch, a table of its own: _versions/, data/, ...; what it has from before lies in base paths
///
/// All functions take the store of the table, never of one of its branches. Each file is written and replaced atomically.

#include <eider/refs.h>

#include "eider/table/ref_file.h"
#include "eider/table/snapshot.h"

namespace eider::table {

/// The store of the table that `snapshot` is a version of, on whatever branch.
io::ObjectStorePtr TableStore(const Snapshot& snapshot);
/// nullopt on the default branch.
std::optional<std::string> BranchOf(const Snapshot& snapshot);
/// nullopt for "main" too.
std::optional<std::string> NormalBranch(std::optional<std::string> branch);
/// The store of a branch, which need not exist.
io::ObjectStorePtr BranchStore(const io::ObjectStorePtr& table, const std::optional<std::string>& branch);

std::map<std::string, TagFile> ListTags(const io::ObjectStore& table);
/// \throws Error(kNotFound)
TagFile ReadTag(const io::ObjectStore& table, const std::string& name);
/// \throws Error(kAlreadyExists), Error(kInvalid) for the name.
void CreateTag(io::ObjectStore& table, const std::string& name, const Snapshot& target, bool sync);
/// Moves it to another version. \throws Error(kNotFound)
void MoveTag(io::ObjectStore& table, const std::string& name, const Snapshot& target, bool sync);
void SetTagMetadata(io::ObjectStore& table, const std::string& name, const std::map<std::string, std::string>& metadata, bool sync);
void DeleteTag(io::ObjectStore& table, const std::string& name, bool sync);

std::map<std::string, BranchFile> ListBranches(const io::ObjectStore& table);
/// \throws Error(kNotFound)
BranchFile ReadBranch(const io::ObjectStore& table, const std::string& name);
/// A branch that begins at `from`: its first version, with that number. \throws Error(kAlreadyExists), Error(kInvalid) for the name.
Snapshot CreateBranch(const io::ObjectStorePtr& table, const std::string& name, const Snapshot& from, bool sync);
void SetBranchMetadata(io::ObjectStore& table, const std::string& name, const std::map<std::string, std::string>& metadata, bool sync);
/// Removes it and its files; also what a creation or removal that was cut short left behind. \throws Error(kNotFound), Error(kConflict)
/// while tags or other branches name it.
void DeleteBranch(const io::ObjectStorePtr& table, const std::string& name, bool sync);

/// What `reference` names, seen from `at`. \throws Error(kNotFound) for a tag, branch or version that is not there.
Snapshot Resolve(const Snapshot& at, const Reference& reference, Session* session = nullptr);

}  // namespace eider::table
