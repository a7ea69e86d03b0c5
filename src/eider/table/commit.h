#pragma once
/// \file
/// The commit: turns a transaction into the next version of a table.
///
/// Order of a durable commit: data files (already synced by their writer) -> transaction file -> fsync file and folder ->
/// manifest, put-if-absent -> fsync file and folder. When another writer was first, its transaction is checked against
/// ours (conflict.h), ours is applied to its version, and the next number is tried; one of them is ours if it carries our transaction's
/// uuid: the put may have been sent twice. When the store fails during the put, the manifest under the number is read back.

#include <cstdint>
#include <functional>

#include "eider/table/snapshot.h"

namespace eider::table {

/// Fits a transaction that marks rows as deleted to `base`, on which it is about to be applied: fragments whose rows others deleted
/// too get deletion files with the rows of both. \throws Error(kRetryableConflict) when these are not all that changed, or overlap
using RowMerge = std::function<void(const Snapshot& base, TransactionProto* transaction)>;

/// Looks at a version that others committed after the one that was read. \throws Error(kRetryableConflict) when `theirs` changed what
/// the transaction read
using ReadCheck = std::function<void(const Snapshot& before, const Snapshot& after, const TransactionProto& theirs)>;
/// Of transactions that may have read any row.
void RequireUnchanged(const Snapshot& before, const Snapshot& after, const TransactionProto& theirs);

struct CommitOptions {
  bool sync = true;            ///< false: durability "none"
  uint32_t max_attempts = 100;  ///< while others are faster
  RowMerge merge_rows = {};    ///< absent: others that changed rows of the same fragments are conflicts
  ReadCheck check_reads = {};  ///< absent: what others do to rows that the transaction only read is no matter
  Session* session = nullptr;  ///< keeps the manifest of the new version: who opens it next need not read it
};
struct CreateOptions {
  Naming naming = Naming::kV2;
  std::string data_storage_version = "2.2";
  bool stable_row_ids = false;
  std::map<std::string, std::string> table_metadata;
};

/// A transaction with a fresh uuid.
TransactionProto NewTransaction(uint64_t read_version);

/// Puts its bytes where manifests say that they are. \throws Error(kAlreadyExists)
void WriteTransactionFile(io::ObjectStore& store, const TransactionProto& transaction, bool sync);

/// What every change of a table asks of the version that it starts from. \throws Error(kUnsupported) for a detached one
void RequireOnLine(const Snapshot& read);

/// Commits on top of `read`, rebasing over what others committed since. `storage_version` (overwrite only): unset keeps
/// the table's. \throws Error(kConflict / kRetryableConflict) naming the other version and operation,
/// Error(kCommitUnknown), Error(kUnsupported) for writer features that this version does not know, and where `read` is detached.
Snapshot Commit(const Snapshot& read, TransactionProto transaction, const CommitOptions& options = {},
                std::optional<std::string> storage_version = {});

/// Commits a version beside the line, on top of `read` as it is, which may be detached too: its number is random, and nobody finds it who does not know that.
Snapshot CommitDetached(const Snapshot& read, TransactionProto transaction, const CommitOptions& options = {},
                        std::optional<std::string> storage_version = {});

/// Commits version 1 of a new table; the transaction is an Overwrite. \throws Error(kAlreadyExists)
Snapshot CreateTable(const io::ObjectStorePtr& store, TransactionProto transaction, const CreateOptions& create,
                     const CommitOptions& options = {});

struct CloneOptions {
  bool is_shallow = true;             ///< false: the files have been copied
  std::optional<std::string> branch;  ///< that the clone is
};
/// Commits the first version of a table that is `source` again, under its number. A shallow one names the folders of `source` as base
/// path of all files that it has from there. \throws Error(kAlreadyExists)
Snapshot CommitClone(const io::ObjectStorePtr& store, const Snapshot& source, const CloneOptions& clone, const CommitOptions& options = {});

/// Commits the contents of an older version again. \throws as Commit, Error(kNotFound)
Snapshot Restore(const Snapshot& old, const CommitOptions& options = {});

/// The transaction that made `snapshot`, from its section or its file; nullopt when neither is there.
std::optional<TransactionProto> ReadTransaction(const Snapshot& snapshot);

/// The first version after `since`, up to `latest`, that replaced what the table was. Versions that are gone say nothing.
std::optional<uint64_t> OverwrittenSince(const Snapshot& latest, uint64_t since);

}  // namespace eider::table
