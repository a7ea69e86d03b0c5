#pragma once
/// \file
/// The files that one version consists of.

#include <eider/refs.h>

#include <vector>

#include "eider/table/snapshot.h"

namespace eider::table {

/// The manifest, the transaction, and the files of data, blobs, deletions and indices, each once. \throws Error(kCorrupt)
std::vector<TrackedFile> FilesOf(const Snapshot& snapshot);

}  // namespace eider::table
