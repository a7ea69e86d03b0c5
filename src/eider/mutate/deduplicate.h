#pragma once
/// \file
/// Deletes rows whose key another row has: their offsets go to deletion files, as of any delete.

#include <eider/deduplicate.h>
#include <eider/session.h>

#include "eider/table/snapshot.h"

namespace eider::mutate {

struct Deduplicated {
  table::Snapshot snapshot;  ///< the version that was read, when every key is there once or it was a dry run
  DeduplicationReport report;
};

/// The key columns are read once. Keys are held in memory or, when they take more than a share of the budget, dealt out to temporary files
/// by their hashes. One commit. When others delete or change rows meanwhile, it is run again on their version, so that
/// no key is lost; rows that they append count as later. \throws Error(kInvalid, kNotFound) for `on`
Deduplicated Deduplicate(const table::Snapshot& read, const DeduplicateOptions& options, const std::shared_ptr<Session>& session);

}  // namespace eider::mutate
