#include "eider/table/snapshot.h"

#include <algorithm>
#include <charconv>

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

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

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

ManifestPtr ReadManifestAt(const io::ObjectStore& store, const std::string& path, uint64_t version, Session* session = nullptr,
                           bool* is_kept = nullptr) {
  return InContext([&] { return fmt::format("'{}'", path); }, [&] {
    const io::ReadableFilePtr file = store.Open(path);
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
  throw NotFound("'{}' is not a Lance dataset: it has no versions", store.root());
}

std::string VersionRange(const VersionListing& listing) {
  return fmt::format("{} to {}", listing.versions.front().version, listing.versions.back().version);
}

Snapshot LoadAt(const io::ObjectStorePtr& store, const VersionListing& listing, const VersionEntry& entry, Session* session) {
  const uint64_t version = entry.version;
  Snapshot snapshot{.store = store, .naming = listing.naming, .manifest_path = entry.path};
  snapshot.manifest = ReadManifestAt(*store, entry.path, version, session, &snapshot.is_kept);
  RequireReadable(*snapshot.manifest);
  snapshot.open = OpenVersions::Process().Hold(store->root(), version);
  return snapshot;
}

Snapshot Load(const io::ObjectStorePtr& store, const VersionListing& listing, const VersionEntry& entry, Session* session) {
  try {
    return LoadAt(store, listing, entry, session);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt) throw;
    throw Corrupt("{}{}", error.what(), UsableVersion(*store, listing, entry.version));
  }
}

/// Passes over torn manifests. nullopt when all are torn.
std::optional<Snapshot> LoadNewest(const io::ObjectStorePtr& store, const VersionListing& listing, Session* session) {
  std::vector<uint64_t> torn;
  for (auto entry = listing.versions.rbegin(); entry != listing.versions.rend(); ++entry) {
    try {
      Snapshot snapshot = LoadAt(store, listing, *entry, session);
      snapshot.torn = std::move(torn);
      return snapshot;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kCorrupt) throw;
      if (!IsTorn(*store, *entry)) return Load(store, listing, *entry, session);
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
  bool v1 = false;
  bool v2 = false;
  for (const std::string& path : store.ListPaths(kVersionsFolder)) {
    const std::string_view name = BaseName(path);
    const std::optional<uint64_t> number = NumberIn(name);
    if (!number) continue;
    const bool is_v2 = name.size() == kV2Digits + kSuffix.size();
    (is_v2 ? v2 : v1) = true;
    const uint64_t version = is_v2 ? UINT64_MAX - *number : *number;
    listing.versions.push_back({version, path});
  }
  if (v1 && v2) {
    throw Invalid("'{}': _versions/ mixes V1 and V2 manifest names; migrate_manifest_paths_v2 of pylance renames them",
                  store.root());
  }
  listing.naming = v1 ? Naming::kV1 : Naming::kV2;
  std::sort(listing.versions.begin(), listing.versions.end(),
            [](const VersionEntry& a, const VersionEntry& b) { return a.version < b.version; });
  return listing;
}

ManifestPtr ReadManifest(const io::ObjectStore& store, const VersionEntry& entry) {
  return ReadManifestAt(store, entry.path, entry.version);
}

uint64_t NextNumber(const VersionListing& listing) { return listing.versions.empty() ? 1 : listing.versions.back().version + 1; }

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

bool TableExists(const io::ObjectStore& store) { return NewestWhole(store, ListVersions(store)) != nullptr; }

uint64_t LatestVersion(const io::ObjectStore& store) {
  const VersionListing listing = ListVersions(store);
  const VersionEntry* newest = NewestWhole(store, listing);
  if (!newest) ThrowNoTable(store);
  return newest->version;
}

std::optional<Snapshot> FindLatest(const io::ObjectStorePtr& store, Session* session) {
  return LoadNewest(store, ListVersions(*store), session);
}

Snapshot LoadSnapshot(const io::ObjectStorePtr& store, std::optional<uint64_t> version, Session* session) {
  const VersionListing listing = ListVersions(*store);
  if (version && (*version & kDetachedBit)) {
    return Load(store, listing, {*version, ManifestPath(*version, listing.naming)}, session);
  }
  if (listing.versions.empty()) ThrowNoTable(*store);
  if (!version) {
    if (std::optional<Snapshot> newest = LoadNewest(store, listing, session)) return *std::move(newest);
    throw Corrupt("'{}': there is no whole version: the manifests of versions {} are torn", store->root(), VersionRange(listing));
  }
  const auto found = std::lower_bound(listing.versions.begin(), listing.versions.end(), *version,
                                      [](const VersionEntry& e, uint64_t v) { return e.version < v; });
  if (found == listing.versions.end() || found->version != *version) {
    throw NotFound("'{}': there is no version {}; versions go from {}", store->root(), *version, VersionRange(listing));
  }
  return Load(store, listing, *found, session);
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
