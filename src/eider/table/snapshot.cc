#include "eider/table/snapshot.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/base/shared_cache.h"
#include "eider/io/store_path.h"
#include "eider/table/feature_flags.h"
#include "eider/table/open_versions.h"

namespace eider::table {
namespace {

constexpr std::string_view kSuffix = ".manifest";
constexpr size_t kV2Digits = 20;
/// How many older versions are tried when the newest is damaged.
constexpr int kMaxFallbacks = 20;
/// Larger manifests are parsed by every opening: they are not worth the memory.
constexpr uint64_t kMaxKeptBytes = 8 << 20;
/// About what a parsed manifest takes of memory for a byte of its file.
constexpr uint64_t kParsedPerStored = 8;

/// The number in "{digits}.manifest", or nullopt for any other name.
std::optional<uint64_t> NumberIn(std::string_view name) {
  if (!name.ends_with(kSuffix)) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (name.empty() || error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

bool IsV2Name(std::string_view name) { return name.size() == kV2Digits + kSuffix.size(); }

/// Calls `visit(version, name)` for each name of a version. \throws Error(kInvalid) when V1 and V2 names are mixed.
template <typename Visit>
Naming VisitVersions(const io::ObjectStore& store, Visit&& visit) {
  bool v1 = false;
  bool v2 = false;
  store.VisitNames(kVersionsFolder, [&](std::string_view name) {
    const std::optional<uint64_t> number = NumberIn(name);
    if (!number) return;
    const bool is_v2 = IsV2Name(name);
    (is_v2 ? v2 : v1) = true;
    visit(is_v2 ? UINT64_MAX - *number : *number, name);
  });
  if (v1 && v2) {
    throw Invalid("'{}': _versions/ mixes V1 and V2 manifest names; open a version by its number, and migrate_manifest_paths_v2 renames them",
                  store.root());
  }
  return v1 ? Naming::kV1 : Naming::kV2;
}

/// A manifest that a session keeps.
struct KeptManifest final : Cacheable {
  explicit KeptManifest(ManifestPtr parsed) : manifest(std::move(parsed)) {}
  uint64_t cached_bytes() const override { return kParsedPerStored * manifest->size_bytes() + sizeof *this; }
  const ManifestPtr manifest;
};

ManifestPtr ParseManifest(Buffer bytes, uint64_t version) {
  ManifestPtr manifest = Manifest::Parse(std::move(bytes));
  if (manifest->version() != version) throw Corrupt("manifest: it holds version {}, its name says {}", manifest->version(), version);
  return manifest;
}

std::string WrittenKey(const io::ObjectStore& store, const std::string& path) {
  return fmt::format("manifest written as {}/{}", store.root(), path);
}

/// What this process wrote under the name, if the file still holds that: to compare costs less than to parse.
ManifestPtr FindWritten(const io::ReadableFile& file, const std::string& key, Session* session) {
  const auto kept = session->cache().Find(key);
  if (!kept) return nullptr;
  ManifestPtr manifest = static_cast<const KeptManifest&>(*kept).manifest;
  const ByteSpan ours = manifest->bytes();
  if (file.size() != ours.size()) return nullptr;
  const Buffer theirs = file.Read({0, file.size()});
  return std::equal(ours.begin(), ours.end(), theirs.data()) ? manifest : nullptr;
}

ManifestPtr ReadManifestAt(const io::ObjectStore& store, const std::string& path, uint64_t version, Session* session = nullptr,
                           bool* is_kept = nullptr) {
  return InContext([&] { return fmt::format("'{}'", path); }, [&] {
    const io::ReadableFilePtr file = store.Open(path);
    if (session) {
      if (ManifestPtr written = FindWritten(*file, WrittenKey(store, path), session)) {
        if (is_kept) *is_kept = true;
        return written;
      }
    }
    const std::string state = session && file->size() <= kMaxKeptBytes ? file->StateName() : std::string();
    if (state.empty()) return ParseManifest(file->Read({0, file->size()}), version);
    if (is_kept) *is_kept = true;
    if (const auto kept = session->cache().Find(state)) return static_cast<const KeptManifest&>(*kept).manifest;
    // Copied: the mapping of a file that is deleted must not outlive its users.
    ManifestPtr manifest = ParseManifest(CopyToBuffer(file->Read({0, file->size()}).span()), version);
    session->cache().Insert(state, std::make_shared<const KeptManifest>(manifest));
    return manifest;
  });
}

/// What to tell a caller whose newest manifest is damaged.
std::string UsableVersion(const io::ObjectStore& store, const VersionListing& listing, uint64_t below) {
  int tries = 0;
  for (auto entry = listing.versions.rbegin(); entry != listing.versions.rend() && tries < kMaxFallbacks; ++entry) {
    if (entry->version >= below) continue;
    ++tries;
    try {
      ReadManifestAt(store, entry->path, entry->version);
      return fmt::format("; the newest usable version is {}", entry->version);
    } catch (const Error&) {
    }
  }
  return "; no older version is usable";
}

[[noreturn]] void ThrowNoTable(const io::ObjectStore& store) {
  throw NotFound("Dataset at path '{}' was not found: there are no versions of one", store.root());
}

std::string VersionRange(const VersionListing& listing) {
  return fmt::format("{} to {}", listing.versions.front().version, listing.versions.back().version);
}

Snapshot LoadAt(const io::ObjectStorePtr& store, Naming naming, const VersionEntry& entry, Session* session) {
  const uint64_t version = entry.version;
  Snapshot snapshot{.store = store, .naming = naming, .manifest_path = entry.path};
  snapshot.manifest = ReadManifestAt(*store, entry.path, version, session, &snapshot.is_kept);
  RequireReadable(*snapshot.manifest);
  snapshot.open = OpenVersions::Process().Hold(store->root(), version);
  return snapshot;
}

Snapshot Load(const io::ObjectStorePtr& store, Naming naming, const VersionEntry& entry, Session* session) {
  try {
    return LoadAt(store, naming, entry, session);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt) throw;
    throw Corrupt("{}{}", error.what(), UsableVersion(*store, ListVersions(*store), entry.version));
  }
}

/// Passes over torn manifests. nullopt when all are torn.
std::optional<Snapshot> LoadNewestWhole(const io::ObjectStorePtr& store, Session* session) {
  const auto start = std::chrono::steady_clock::now();
  const VersionListing listing = ListVersions(*store);
  std::vector<uint64_t> torn;
  for (auto entry = listing.versions.rbegin(); entry != listing.versions.rend(); ++entry) {
    try {
      Snapshot snapshot = LoadAt(store, listing.naming, *entry, session);
      snapshot.torn = std::move(torn);
      snapshot.listed = Listed{start, NextNumber(listing)};
      return snapshot;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kCorrupt) throw;
      if (!IsTorn(*store, *entry)) return Load(store, listing.naming, *entry, session);
      torn.push_back(entry->version);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string ManifestPath(uint64_t version, Naming naming) {
  if (version & kDetachedBit) return fmt::format("{}/d{}{}", kVersionsFolder, version, kSuffix);
  if (naming == Naming::kV1) return fmt::format("{}/{}{}", kVersionsFolder, version, kSuffix);
  return fmt::format("{}/{:020}{}", kVersionsFolder, UINT64_MAX - version, kSuffix);
}

VersionListing ListVersions(const io::ObjectStore& store) {
  VersionListing listing;
  listing.naming = VisitVersions(store, [&](uint64_t version, std::string_view name) {
    listing.versions.push_back({version, io::JoinPath(kVersionsFolder, name)});
  });
  std::sort(listing.versions.begin(), listing.versions.end(),
            [](const VersionEntry& a, const VersionEntry& b) { return a.version < b.version; });
  return listing;
}

ManifestPtr ReadManifest(const io::ObjectStore& store, const VersionEntry& entry) {
  return ReadManifestAt(store, entry.path, entry.version);
}

uint64_t NextNumber(const VersionListing& listing) { return listing.versions.empty() ? 1 : listing.versions.back().version + 1; }

std::optional<uint64_t> FindNextNumber(const io::ObjectStore& store) {
  std::optional<uint64_t> newest;
  VisitVersions(store, [&](uint64_t version, std::string_view) { newest = std::max(newest.value_or(0), version); });
  if (!newest) return std::nullopt;
  return *newest + 1;
}

bool IsTorn(const io::ObjectStore& store, const VersionEntry& entry) {
  const io::ReadableFilePtr file = store.Open(entry.path);
  return IsTornManifest(file->Read({0, file->size()}).span());
}

namespace {

/// The newest whose manifest is not torn, or null.
const VersionEntry* NewestWhole(const io::ObjectStore& store, const VersionListing& listing) {
  for (auto entry = listing.versions.rbegin(); entry != listing.versions.rend(); ++entry) {
    if (!IsTorn(store, *entry)) return &*entry;
  }
  return nullptr;
}

}  // namespace

std::map<std::string, std::string> NamesToMigrate(const io::ObjectStore& store) {
  std::map<std::string, std::string> names;
  std::set<std::string, std::less<>> there;
  store.VisitNames(kVersionsFolder, [&](std::string_view name) {
    const std::optional<uint64_t> number = NumberIn(name);
    there.emplace(name);
    if (number && !IsV2Name(name)) names.emplace(name, ManifestPath(*number, Naming::kV2).substr(kVersionsFolder.size() + 1));
  });
  for (const auto& [from, to] : names) {
    if (there.contains(to)) throw Invalid("'{}': both '{}' and '{}' are there, two manifests of one version", store.root(), from, to);
  }
  return names;
}

bool HasWholeVersion(const io::ObjectStore& store, const VersionListing& listing) { return NewestWhole(store, listing) != nullptr; }
bool TableExists(const io::ObjectStore& store) { return HasWholeVersion(store, ListVersions(store)); }

uint64_t LatestVersion(const io::ObjectStore& store) {
  const VersionListing listing = ListVersions(store);
  const VersionEntry* newest = NewestWhole(store, listing);
  if (!newest) ThrowNoTable(store);
  return newest->version;
}

bool KeepWritten(const Snapshot& written, Session* session) {
  if (!session || written.manifest->size_bytes() > kMaxKeptBytes) return false;
  session->cache().Insert(WrittenKey(*written.store, written.manifest_path), std::make_shared<const KeptManifest>(written.manifest));
  return true;
}

std::optional<Snapshot> FindVersion(const io::ObjectStorePtr& store, Naming naming, uint64_t version) {
  const VersionEntry entry{version, ManifestPath(version, naming)};
  if (!store->Exists(entry.path)) return std::nullopt;
  return Load(store, naming, entry, nullptr);
}

std::optional<Snapshot> FindLatest(const io::ObjectStorePtr& store, Session* session) {
  const auto start = std::chrono::steady_clock::now();
  VersionEntry newest;
  const Naming naming = VisitVersions(*store, [&](uint64_t version, std::string_view name) {
    if (!newest.path.empty() && version <= newest.version) return;
    newest.version = version;
    newest.path = name;
  });
  if (newest.path.empty()) return std::nullopt;
  newest.path = io::JoinPath(kVersionsFolder, newest.path);
  try {
    Snapshot snapshot = LoadAt(store, naming, newest, session);
    snapshot.listed = Listed{start, newest.version + 1};
    return snapshot;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt) throw;
    return LoadNewestWhole(store, session);
  }
}

Snapshot LoadSnapshot(const io::ObjectStorePtr& store, std::optional<uint64_t> version, Session* session) {
  if (!version) {
    if (std::optional<Snapshot> newest = FindLatest(store, session)) return *std::move(newest);
  }
  VersionListing listing;
  try {
    listing = ListVersions(*store);
  } catch (const Error& error) {
    // Mixed names: a version that is asked for by number can be told, and the names be migrated through it.
    if (!version || error.kind() != ErrorKind::kInvalid) throw;
    for (const Naming naming : {Naming::kV2, Naming::kV1}) {
      if (std::optional<Snapshot> found = FindVersion(store, naming, *version)) return *std::move(found);
    }
    throw;
  }
  if (version && (*version & kDetachedBit)) {
    return Load(store, listing.naming, {*version, ManifestPath(*version, listing.naming)}, session);
  }
  if (listing.versions.empty()) ThrowNoTable(*store);
  if (!version) throw Corrupt("'{}': there is no whole version: the manifests of versions {} are torn", store->root(), VersionRange(listing));
  const auto found = std::lower_bound(listing.versions.begin(), listing.versions.end(), *version,
                                      [](const VersionEntry& e, uint64_t v) { return e.version < v; });
  if (found == listing.versions.end() || found->version != *version) {
    throw NotFound("'{}': there is no version {}; versions go from {}", store->root(), *version, VersionRange(listing));
  }
  return Load(store, listing.naming, *found, session);
}

namespace {

/// A name that the manifest gives to a file below a folder must stay below it.
void CheckStoredName(const Snapshot& snapshot, std::string_view name) {
  try {
    io::CheckFilePath(name);
  } catch (const Error& error) {
    throw Corrupt("version {}: {}", snapshot.version(), error.what());
  }
}

}  // namespace

FileLocation LocateFile(const Snapshot& snapshot, std::optional<uint32_t> base_id, std::string_view folder,
                        std::string_view name) {
  CheckStoredName(snapshot, name);
  if (!base_id) return {snapshot.store, io::JoinPath(folder, name)};
  for (const ::lance::table::BasePath& base : snapshot.manifest->head().base_paths()) {
    if (base.id() != *base_id) continue;
    const io::ObjectStorePtr store = io::OpenStore(base.path());
    return {store, base.is_dataset_root() ? io::JoinPath(folder, name) : std::string(name)};
  }
  throw Corrupt("version {}: file '{}' lies in base {}, which the manifest does not list", snapshot.version(), name, *base_id);
}

FileLocation LocateDataFile(const Snapshot& snapshot, const DataFileProto& file) {
  const std::optional<uint32_t> base = file.has_base_id() ? std::optional(file.base_id()) : std::nullopt;
  return LocateFile(snapshot, base, "data", file.path());
}

}  // namespace eider::table
