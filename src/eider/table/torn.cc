#include "eider/table/torn.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/table/commit.h"
#include "eider/table/feature_flags.h"
#include "eider/table/next_version.h"

namespace eider::table {
namespace {

Buffer ReadWhole(const io::ObjectStore& store, const std::string& path) {
  const io::ReadableFilePtr file = store.Open(path);
  return CopyToBuffer(file->Read({0, file->size()}).span());  // the mapping would show what comes in its place
}

/// Why the file is to be left alone; "" when it is not.
std::string TooYoung(const io::ObjectStore& store, const VersionEntry& entry, const TornRepair& repair) {
  const std::vector<io::FileInfo> files = store.List(kVersionsFolder);
  const auto found = std::ranges::find(files, entry.path, &io::FileInfo::path);
  if (found == files.end()) return "it is not there any more";
  const auto age = std::chrono::nanoseconds(repair.now_ns - found->modified_ns);
  if (age >= repair.min_age) return "";
  return fmt::format("it is {} s old: its writer may be at work, for {} s", std::chrono::duration_cast<std::chrono::seconds>(age).count(),
                     std::chrono::duration_cast<std::chrono::seconds>(repair.min_age).count());
}

/// The whole version before; where the first ones are torn, the one after, which was made from nothing.
std::optional<Snapshot> Neighbour(const io::ObjectStorePtr& store, uint64_t version) {
  const std::vector<VersionEntry> versions = ListVersions(*store).versions;
  const auto is_whole = [&](const VersionEntry& entry) { return entry.version != version && !IsTorn(*store, entry); };
  const auto after = std::ranges::lower_bound(versions, version, {}, &VersionEntry::version);
  const auto before = std::find_if(std::make_reverse_iterator(after), versions.rend(), is_whole);
  if (before != versions.rend()) return LoadSnapshot(store, before->version);
  const auto first = std::find_if(after, versions.end(), is_whole);
  if (first == versions.end()) return std::nullopt;
  return LoadSnapshot(store, first->version);
}

/// A transaction that changes nothing.
TransactionProto Nothing(const Snapshot& base, const std::string& uuid) {
  TransactionProto transaction = NewTransaction(base.version());
  if (!uuid.empty()) transaction.set_uuid(uuid);
  transaction.mutable_update_config();
  return transaction;
}

std::string SameAs(const Snapshot& base, uint64_t version, const TransactionProto& transaction) {
  RequireWritable(*base.manifest);
  NextVersion next(base.manifest.get(), base.manifest->head(), base.manifest->uses_stable_row_ids());
  next.SetVersion(version);
  next.Apply(transaction, std::nullopt);
  next.SetTimestamp(base.manifest->head().timestamp());  // it stands among older ones
  return next.Serialize(transaction);
}

void SetAside(io::ObjectStore& store, const VersionEntry& entry, ByteSpan bytes) {
  store.PutIfAbsent(TornCopyPath(entry), bytes, true);
  store.SyncFolder(kVersionsFolder);
}

/// Whether the file is still what was set aside.
bool IsStill(const io::ObjectStore& store, const VersionEntry& entry, ByteSpan bytes) {
  if (!store.Exists(entry.path)) return false;
  return std::ranges::equal(ReadWhole(store, entry.path).span(), bytes);
}

}  // namespace

std::string TornCopyPath(const VersionEntry& entry) { return entry.path + ".torn"; }

std::string RepairTorn(const io::ObjectStorePtr& store, const VersionEntry& entry, const TornRepair& repair) {
  if (std::string why = TooYoung(*store, entry, repair); !why.empty()) return why;
  const bool is_detached = (entry.version & kDetachedBit) != 0;
  const std::optional<Snapshot> base = is_detached ? std::nullopt : Neighbour(store, entry.version);
  if (!is_detached && !base) return "there is no whole version: remove the folder, or write the table anew";
  const Buffer torn = ReadWhole(*store, entry.path);
  if (!IsTornManifest(torn.span())) return "it is whole";
  if (repair.only_look) return "";
  SetAside(*store, entry, torn.span());
  std::string manifest;
  if (base) {
    const TransactionProto transaction = Nothing(*base, repair.uuid);
    WriteTransactionFile(*store, transaction, true);
    manifest = SameAs(*base, entry.version, transaction);
  }
  if (!IsStill(*store, entry, torn.span())) return "another writer was at work on it";
  if (base) store->Put(entry.path, SpanOf(manifest), true);
  else store->Delete(entry.path);
  store->SyncFolder(kVersionsFolder);
  return "";
}

}  // namespace eider::table
