#include "eider/table/commit.h"

#include <algorithm>
#include <chrono>

#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/base/parse_message.h"
#include "eider/table/backoff.h"
#include "eider/table/cleanup.h"
#include "eider/table/conflict.h"
#include "eider/table/feature_flags.h"
#include "eider/table/next_version.h"
#include "eider/table/open_versions.h"

namespace eider::table {
namespace {

constexpr std::string_view kTransactionsFolder = "_transactions";
constexpr std::string_view kHintPath = "_versions/latest_version_hint.json";
/// A listing of this age is as good as a new one: what came since follows on it without gaps, as no cleanup removes what is as young as that.
constexpr auto kFreshListing = std::chrono::milliseconds(100);

TransactionProto ParseTransaction(ByteSpan bytes) {
  TransactionProto transaction;
  if (!ParseMessage(bytes, &transaction)) {
    throw Corrupt("transaction: {} bytes do not parse", bytes.size());
  }
  return transaction;
}

std::string TransactionPath(const TransactionProto& transaction) {
  return fmt::format("{}/{}-{}.txn", kTransactionsFolder, transaction.read_version(), transaction.uuid());
}

/// The file of a transaction that may change between attempts.
class TransactionFile {
 public:
  TransactionFile(io::ObjectStore& store, bool sync) : store_(store), sync_(sync) {}
  void Write(const TransactionProto& transaction) {
    std::string bytes = transaction.SerializeAsString();
    if (written_.empty()) WriteTransactionFile(store_, transaction, sync_);
    else if (bytes != written_) store_.Put(TransactionPath(transaction), SpanOf(bytes), sync_);
    written_ = std::move(bytes);
  }

 private:
  io::ObjectStore& store_;
  const bool sync_;
  std::string written_;
};

/// Other engines on stores without listing start from it. The commit has landed: whether the hint does is all the same.
void WriteHint(io::ObjectStore& store, uint64_t version) {
  try {
    const std::string hint = fmt::format("{{\"version\":{}}}", version);
    store.PutHint(kHintPath, SpanOf(hint));
  } catch (const std::exception&) {
  }
}

enum class PutResult { kLanded, kTaken };

/// True when the manifest at `path` carries our transaction; nullopt when there is none. What a crash of another writer tore is not ours.
std::optional<bool> IsOurs(const io::ObjectStorePtr& store, const std::string& path, const std::string& uuid) {
  if (!store->Exists(path)) return std::nullopt;
  const io::ReadableFilePtr file = store->Open(path);
  const Buffer bytes = file->Read({0, file->size()});
  if (IsTornManifest(bytes.span())) return false;
  Snapshot snapshot{.store = store, .manifest = Manifest::Parse(bytes), .manifest_path = path};
  const std::optional<TransactionProto> theirs = ReadTransaction(snapshot);
  return theirs && theirs->uuid() == uuid;
}

/// IsOurs() after a put that `answer` leaves open.
std::optional<bool> ReadBack(const io::ObjectStorePtr& store, const std::string& path, const TransactionProto& transaction,
                             std::string_view answer) {
  try {
    return IsOurs(store, path, transaction.uuid());
  } catch (const Error& error) {
    throw CommitUnknown("commit of transaction {} as '{}': {}; reading it back: {}", transaction.uuid(), path, answer,
                        error.what());
  }
}

/// Our manifest lies in its place: makes that outlast a power cut.
void SyncVersions(io::ObjectStore& store, const std::string& path, const TransactionProto& transaction) {
  try {
    store.SyncFolder(kVersionsFolder);
  } catch (const Error& error) {
    // Another try would prove nothing: the kernel reports a lost write once.
    throw CommitUnknown("commit of transaction {} as '{}': it is in place, but may not survive a power cut: {}",
                        transaction.uuid(), path, error.what());
  }
}

PutResult PutManifest(const io::ObjectStorePtr& store, const std::string& path, const std::string& bytes,
                      const TransactionProto& transaction, bool sync) {
  try {
    if (!store->PutIfAbsent(path, SpanOf(bytes), sync)) return PutResult::kTaken;
  } catch (const Error& failure) {
    const std::optional<bool> ours = ReadBack(store, path, transaction, failure.what());
    if (!ours) throw;
    if (!*ours) return PutResult::kTaken;
  }
  if (sync) SyncVersions(*store, path, transaction);
  return PutResult::kLanded;
}

/// One attempt; nullopt when the number was taken.
std::optional<Snapshot> TryCommit(const io::ObjectStorePtr& store, Naming naming, NextVersion& next, uint64_t version,
                                  const TransactionProto& transaction, const CommitOptions& options) {
  const auto owned = std::make_shared<const std::string>(next.Serialize(transaction));
  const std::string& bytes = *owned;
  Snapshot snapshot{.store = store, .naming = naming, .manifest_path = ManifestPath(version, naming)};
  snapshot.manifest = Manifest::Parse(Buffer(SpanOf(bytes).data(), bytes.size(), owned));
  if (PutManifest(store, snapshot.manifest_path, bytes, transaction, options.sync) == PutResult::kTaken) return std::nullopt;
  WriteHint(*store, version);
  snapshot.is_kept = KeepWritten(snapshot, options.session);
  snapshot.open = OpenVersions::Process().Hold(store->root(), version);
  return snapshot;
}

void HoldAgainst(const TransactionProto& theirs, const Snapshot& before, const Snapshot& after, const TransactionProto& mine,
                 const CommitOptions& options) {
  const LanceSchema &from = before.manifest->schema(), &to = after.manifest->schema();
  // Other transactions leave the schema, or are judged without it: of many appends in between none needs the look.
  const bool alters = theirs.has_merge() || theirs.has_project();
  CheckConflict(mine, theirs, after.version(),
                {.asks_for_more = alters && (AsksForMore(from, to) || ReplacesFields(from, to)), .merges_rows = options.merge_rows != nullptr});
  if (options.check_reads && ChangesRows(mine)) options.check_reads(before, after, theirs);
}

/// What follows `base`, and the number after all that is there.
struct Rebased {
  Snapshot base;
  uint64_t number = 0;
  std::optional<Snapshot> landed = {};  ///< the version that turned out to be ours: an earlier attempt whose answer was lost
};

/// Adds `version` to the torn ones if it is; false when it is damaged otherwise.
bool PassOver(const Snapshot& base, uint64_t version, std::vector<uint64_t>* torn) {
  if (!IsTorn(*base.store, {version, ManifestPath(version, base.naming)})) return false;
  if (std::find(torn->begin(), torn->end(), version) == torn->end()) torn->push_back(version);
  return true;
}

bool IsFresh(const Snapshot& base) { return base.listed && std::chrono::steady_clock::now() - base.listed->at <= kFreshListing; }

Listed ListAgain(const Snapshot& base) {
  const auto start = std::chrono::steady_clock::now();
  const std::optional<uint64_t> next = FindNextNumber(*base.store);
  if (!next) throw NotFound("'{}': the table is gone", base.store->root());
  return {start, std::max(base.version() + 1, *next)};
}

/// What is held against ours with nothing but itself, and leaves the schema as it is.
bool IsJudgedAlone(const TransactionProto& theirs) {
  return theirs.has_append() || theirs.has_delete_() || theirs.has_update() || theirs.has_rewrite();
}

/// Holds a version that others follow against ours by its transaction alone. False where that takes the whole version.
bool PassBy(const Snapshot& base, uint64_t version, const TransactionProto& transaction, const CommitOptions& options) {
  if (options.check_reads) return false;
  TransactionProto theirs;
  try {
    if (!base.store->Exists(ManifestPath(version + 1, base.naming))) return false;
    const io::ReadableFilePtr file = base.store->Open(ManifestPath(version, base.naming));
    const Buffer bytes = file->Read({0, file->size()});
    const ByteSpan section = Manifest::TransactionIn(bytes.span(), version);
    if (section.empty()) return false;
    theirs = ParseTransaction(section);
  } catch (const Error&) {
    return false;
  }
  if (!IsJudgedAlone(theirs) || theirs.uuid() == transaction.uuid()) return false;
  CheckConflict(transaction, theirs, version, {.merges_rows = options.merge_rows != nullptr});
  return true;
}

[[noreturn]] void ThrowVanished(const TransactionProto& transaction, const Snapshot& base, uint64_t version) {
  throw RetryableConflict("{} from version {}: version {} is not there any more", OperationName(transaction), base.version(),
                          version);
}

/// A version that was passed by, but turns out to be the newest: what followed it is torn, or gone.
Snapshot LoadPassedBy(const Snapshot& base, uint64_t version, const TransactionProto& transaction) {
  try {
    if (std::optional<Snapshot> found = FindVersion(base.store, base.naming, version)) return *std::move(found);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kNotFound) throw;
  }
  ThrowVanished(transaction, base, version);
}

/// Walks from `base` to the end of what was listed and on, holding each transaction in between against ours.
Rebased Walk(Snapshot base, const TransactionProto& transaction, const CommitOptions& options) {
  Rebased rebased{.base = std::move(base)};
  const Listed listed = *rebased.base.listed;
  std::vector<uint64_t> torn = std::move(rebased.base.torn);
  uint64_t passed_by = 0;
  for (uint64_t version = rebased.base.version() + 1;; ++version) {
    const Snapshot& before = rebased.base;  // or an older one of the same schema
    if (!rebased.landed && PassBy(before, version, transaction, options)) {
      passed_by = version;
      continue;
    }
    std::optional<Snapshot> next;
    try {
      next = FindVersion(before.store, before.naming, version);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kCorrupt && PassOver(before, version, &torn)) continue;
      // A repair may have made it whole meanwhile.
      if (error.kind() == ErrorKind::kCorrupt) next = FindVersion(before.store, before.naming, version);
      else if (error.kind() != ErrorKind::kNotFound) throw;
    }
    if (!next && version < listed.next_number) {
      ThrowVanished(transaction, before, version);
    }
    rebased.number = version;
    if (!next) break;
    passed_by = 0;
    const std::optional<TransactionProto> theirs = ReadTransaction(*next);
    if (theirs && theirs->uuid() == transaction.uuid()) rebased.landed = *next;
    else if (!rebased.landed) HoldAgainst(theirs.value_or(TransactionProto()), before, *next, transaction, options);
    rebased.base = *std::move(next);
  }
  if (passed_by > 0) rebased.base = LoadPassedBy(rebased.base, passed_by, transaction);
  rebased.base.torn = std::move(torn);
  rebased.base.listed = listed;
  return rebased;
}

/// What a commit goes on: the newest version. After a long walk the end is looked for once more.
Rebased Rebase(Snapshot base, const TransactionProto& transaction, const CommitOptions& options) {
  if (!IsFresh(base)) base.listed = ListAgain(base);
  const uint64_t from = base.version();
  Rebased rebased = Walk(std::move(base), transaction, options);
  if (rebased.landed || rebased.base.version() == from || IsFresh(rebased.base)) return rebased;
  rebased.base.listed = ListAgain(rebased.base);
  return Walk(std::move(rebased.base), transaction, options);
}

/// The same after an attempt whose number was taken, perhaps by a request of ours that was sent twice.
Rebased RebaseAgain(Snapshot base, const TransactionProto& transaction, const CommitOptions& options) {
  try {
    return Rebase(std::move(base), transaction, options);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kConflict || error.kind() == ErrorKind::kRetryableConflict) throw;
    throw CommitUnknown("commit of transaction {}: its number is taken; reading by whom: {}", transaction.uuid(), error.what());
  }
}

/// The version that the transaction brings back; nullopt when it does something else.
std::optional<Snapshot> RestoredBy(const TransactionProto& transaction, const Snapshot& base) {
  if (!transaction.has_restore()) return std::nullopt;
  Snapshot restored = LoadSnapshot(base.store, transaction.restore().version());
  RequireWritable(*restored.manifest);
  return restored;
}

/// Commits the first version of a table that does not exist.
Snapshot CommitFirst(const io::ObjectStorePtr& store, Naming naming, NextVersion& next, uint64_t version,
                     const TransactionProto& transaction, const CommitOptions& options) {
  WriteTransactionFile(*store, transaction, options.sync);
  if (const std::optional<Snapshot> committed = TryCommit(store, naming, next, version, transaction, options)) return *committed;
  // A request that was sent twice finds its own file in its way.
  const std::string path = ManifestPath(version, naming);
  if (ReadBack(store, path, transaction, "the name is taken") != true) {
    throw AlreadyExists("'{}': another writer created it first", store->root());
  }
  if (options.sync) SyncVersions(*store, path, transaction);
  return LoadSnapshot(store, version);
}

}  // namespace

void WriteTransactionFile(io::ObjectStore& store, const TransactionProto& transaction, bool sync) {
  const std::string path = TransactionPath(transaction);
  const std::string bytes = transaction.SerializeAsString();
  // Of a commit that died before its manifest, or before the caller knew: the name says whose it is.
  if (!store.PutIfAbsent(path, SpanOf(bytes), sync)) store.Put(path, SpanOf(bytes), sync);
  if (sync) store.SyncFolder(kTransactionsFolder);
}

TransactionProto NewTransaction(uint64_t read_version) {
  TransactionProto transaction;
  transaction.set_read_version(read_version);
  transaction.set_uuid(NewUuid());
  return transaction;
}

std::optional<TransactionProto> ReadTransaction(const Snapshot& snapshot) {
  const Manifest& manifest = *snapshot.manifest;
  if (const ByteSpan section = manifest.inline_transaction(); !section.empty()) return ParseTransaction(section);
  if (manifest.head().transaction_file().empty()) return std::nullopt;
  const FileLocation location = LocateFile(snapshot, std::nullopt, kTransactionsFolder, manifest.head().transaction_file());
  if (!location.store->Exists(location.path)) return std::nullopt;
  const io::ReadableFilePtr file = location.store->Open(location.path);
  return InContext([&] { return fmt::format("'{}'", location.path); },
                   [&] { return ParseTransaction(file->Read({0, file->size()}).span()); });
}

std::optional<uint64_t> OverwrittenSince(const Snapshot& latest, uint64_t since) {
  for (uint64_t version = since + 1; version <= latest.version(); ++version) {
    try {
      const io::ReadableFilePtr file = latest.store->Open(ManifestPath(version, latest.naming));
      const Buffer bytes = file->Read({0, file->size()});
      const ByteSpan section = Manifest::TransactionIn(bytes.span(), version);
      const std::optional<TransactionProto> transaction =
          section.empty() ? ReadTransaction({.store = latest.store, .manifest = Manifest::Parse(bytes)}) : ParseTransaction(section);
      if (transaction && transaction->has_overwrite()) return version;
    } catch (const Error&) {
      continue;  // gone, torn or damaged: who reads that version hears of it
    }
  }
  return std::nullopt;
}

void RequireUnchanged(const Snapshot&, const Snapshot& after, const TransactionProto& theirs) {
  if (!ChangesRows(theirs)) return;
  throw RetryableConflict("version {}, a concurrent {}, changed rows that a serializable transaction may have read: read again",
                          after.version(), OperationName(theirs));
}

void RequireOnLine(const Snapshot& read) {
  if ((read.version() & kDetachedBit) == 0) return;
  throw Unsupported("version {} is detached, and no change goes on from it: write the new files (write_fragments, methods of fragments) and "
                    "commit them on top of it with detached=True, or restore it, which makes it the newest version", read.version());
}

Snapshot Commit(const Snapshot& read, TransactionProto transaction, const CommitOptions& given,
                std::optional<std::string> storage_version) {
  RequireOnLine(read);
  CommitOptions options = given;
  if (read.is_serializable) options.check_reads = RequireUnchanged;
  TransactionFile file(*read.store, options.sync);
  Rebased at;
  std::optional<Backoff> backoff;
  for (uint32_t attempt = 0;; ++attempt) {
    const auto start = std::chrono::steady_clock::now();
    at = attempt == 0 ? Rebase(read, transaction, options) : RebaseAgain(std::move(at.base), transaction, options);
    const Snapshot& base = at.base;
    if (at.landed) {
      if (options.sync) SyncVersions(*base.store, at.landed->manifest_path, transaction);
      return *at.landed;
    }
    if (attempt >= std::max<uint32_t>(1, options.max_attempts)) break;
    RequireWritable(*base.manifest);
    if (options.merge_rows && base.version() != read.version()) options.merge_rows(base, &transaction);
    NextVersion next(base.manifest.get(), base.manifest->head(), base.manifest->uses_stable_row_ids());
    next.SetVersion(at.number);
    const std::optional<Snapshot> restored = RestoredBy(transaction, base);
    if (restored) next.Restore(*restored->manifest);
    else next.Apply(transaction, storage_version);
    file.Write(transaction);
    std::optional<Snapshot> committed = TryCommit(base.store, base.naming, next, at.number, transaction, options);
    if (committed) {
      committed->torn = base.torn;
      CleanupAfterCommit(*committed, options.sync);
      return *committed;
    }
    const auto taken = std::chrono::steady_clock::now() - start;
    if (!backoff) backoff.emplace(taken);
    backoff->Wait(taken);
  }
  throw RetryableConflict("{}: other writers were faster {} times in a row", OperationName(transaction), options.max_attempts);
}

Snapshot CommitDetached(const Snapshot& read, TransactionProto transaction, const CommitOptions& options,
                        std::optional<std::string> storage_version) {
  RequireWritable(*read.manifest);
  const uint64_t version = NewDeletionFileId() | kDetachedBit;
  NextVersion next(read.manifest.get(), read.manifest->head(), read.manifest->uses_stable_row_ids());
  next.SetVersion(version);
  next.Apply(transaction, storage_version);
  WriteTransactionFile(*read.store, transaction, options.sync);
  const std::string bytes = next.Serialize(transaction);
  Snapshot snapshot{.store = read.store, .naming = read.naming, .manifest_path = ManifestPath(version, read.naming)};
  snapshot.manifest = Manifest::Parse(CopyToBuffer(SpanOf(bytes)));
  if (PutManifest(read.store, snapshot.manifest_path, bytes, transaction, options.sync) == PutResult::kLanded) return snapshot;
  throw RetryableConflict("{}: the random version {} is taken", OperationName(transaction), version);
}

Snapshot CreateTable(const io::ObjectStorePtr& store, TransactionProto transaction, const CreateOptions& create,
                     const CommitOptions& options) {
  // One listing: a table that comes after it takes the number that this one wants. What a crash tore while a table was made here keeps
  // its name.
  const VersionListing listing = ListVersions(*store);
  if (HasWholeVersion(*store, listing)) throw AlreadyExists("Dataset already exists: '{}'", store->root());
  const uint64_t number = NextNumber(listing);
  NextVersion next(nullptr, NewTableHead(create), create.stable_row_ids);
  next.SetVersion(number);
  next.Apply(transaction, std::nullopt);
  return CommitFirst(store, listing.versions.empty() ? create.naming : listing.naming, next, number, transaction, options);
}

Snapshot CommitClone(const io::ObjectStorePtr& store, const Snapshot& source, const CloneOptions& options, const CommitOptions& commit) {
  if (TableExists(*store)) throw AlreadyExists("Dataset already exists: '{}'", store->root());
  RequireWritable(*source.manifest);
  TransactionProto transaction = NewTransaction(source.version());
  auto* clone = transaction.mutable_clone();
  clone->set_is_shallow(options.is_shallow);
  const std::string& from = source.manifest->head().branch();
  if (!from.empty()) clone->set_ref_name(from);
  clone->set_ref_version(source.version());
  clone->set_ref_path(source.store->root());
  if (options.branch) clone->set_branch_name(*options.branch);
  NextVersion next(source.manifest.get(), source.manifest->head(), source.manifest->uses_stable_row_ids());
  next.Clone(transaction.clone());
  return CommitFirst(store, Naming::kV2, next, source.version(), transaction, commit);
}

Snapshot Restore(const Snapshot& old, const CommitOptions& options) {
  const Snapshot latest = LoadSnapshot(old.store);
  TransactionProto transaction = NewTransaction(latest.version());
  transaction.mutable_restore()->set_version(old.version());
  return Commit(latest, std::move(transaction), options);
}

}  // namespace eider::table
