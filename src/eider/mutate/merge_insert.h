#pragma once
/// \file
/// Merges rows into a table by key.

#include <eider/merge_insert.h>

#include "eider/table/snapshot.h"

namespace eider::mutate {

struct Merged {
  table::Snapshot snapshot;  ///< the version that was read, when no row changed or nothing was committed
  MergeInsertMetrics metrics;
  table::TransactionProto transaction;
};

/// Once files are written: the transaction is committed, or left to others with its files, or both are dropped.
enum class MergeEnd : uint8_t { kCommit, kLeave, kDrop };

/// \throws Error(kInvalid) for clauses that leave nothing to do or miss each other
void RequireSense(const MergeInsertOptions& options);

/// Columns of `source` are matched by name; what it lacks stays as it is in rows that are updated. The source is read once.
/// Without a commit it runs once.
/// \throws Error(kInvalid) naming the key of a row that several rows of the source match, or that matches where none may
Merged MergeInsert(const table::Snapshot& read, RecordBatchReader& source, const MergeInsertOptions& options,
                   const std::shared_ptr<Session>& session, MergeEnd end = MergeEnd::kCommit);

}  // namespace eider::mutate
