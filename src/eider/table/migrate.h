#pragma once
/// \file
/// From V1 names of manifests to V2.

#include "eider/io/store.h"

namespace eider::table {

/// Renames the manifests of a table or branch all at once; nothing to do where they have V2 names. Only while nobody writes: who opened it
/// before goes on with the old names. Returns how many were renamed. \throws Error(kInvalid) when a version has both names.
size_t MigrateManifestPaths(io::ObjectStore& store);

}  // namespace eider::table
