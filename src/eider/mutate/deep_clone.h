#pragma once
/// \file
/// Copies one version of a table, with all files that it reads, to another place.

#include "eider/table/commit.h"

namespace eider::mutate {

/// The copy has the version's number and needs nothing of the source any more, but for external blobs, which stay where they are. Files
/// are read and written in pieces. \throws Error(kAlreadyExists); then, and after any other failure, the copied files are removed.
table::Snapshot DeepClone(const table::Snapshot& source, const io::ObjectStorePtr& target, bool sync);

}  // namespace eider::mutate
