#pragma once
/// \file
/// One version of a table in a store, how its files are found, and how versions are named and listed.
///
///     _versions/{version}.manifest                      V1
///     _versions/{2^64 - 1 - version, 20 digits}.manifest  V2: the newest sorts first
///     _versions/d{version}.manifest                     detached: never the latest
///
/// The two namings are not mixed in one table. Everything else in _versions/ is ignored, the latest-version hint too: it is
/// written after every commit for other engines, and never trusted.

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <eider/session.h>

#include "eider/rows/deletion_vector.h"
#include "eider/table/manifest.h"

namespace eider::table {

inline constexpr std::string_view kVersionsFolder = "_versions";
inline constexpr uint64_t kDetachedBit = uint64_t{1} << 63;  ///< of the numbers of detached versions

enum class Naming : uint8_t { kV1, kV2 };

std::string ManifestPath(uint64_t version, Naming naming);

struct VersionEntry {
  uint64_t version = 0;
  std::string path;
};
struct VersionListing {
  Naming naming = Naming::kV2;
  std::vector<VersionEntry> versions;  ///< ascending; empty when there is no table
};
/// \throws Error(kInvalid) when V1 and V2 names are mixed.
VersionListing ListVersions(const io::ObjectStore& store);

/// New names, without the folder, of the manifests that have V1 names. Mixed ones are no error. \throws Error(kInvalid) when a version has both.
std::map<std::string, std::string> NamesToMigrate(const io::ObjectStore& store);

/// The number after the newest name, torn or not.
uint64_t NextNumber(const VersionListing& listing);
/// The same by a listing that keeps nothing else; nullopt when there is no table. \throws Error(kInvalid) as ListVersions
std::optional<uint64_t> FindNextNumber(const io::ObjectStore& store);
/// True when what lies there is no manifest at all (IsTornManifest). Such a name is taken, but it is no version.
/// \throws Error(kNotFound), Error(kIo)
bool IsTorn(const io::ObjectStore& store, const VersionEntry& entry);

/// What a listing said beside its newest version.
struct Listed {
  std::chrono::steady_clock::time_point at = {};  ///< when it began
  uint64_t next_number = 0;                       ///< after all names, torn or not
};

/// One version of a table. Cheap to copy.
struct Snapshot {
  io::ObjectStorePtr store;
  ManifestPtr manifest;
  Naming naming = Naming::kV2;
  std::string manifest_path;
  bool is_serializable = false;  ///< anything may have been read from it: no commit on it stands after one that changed rows
  bool is_kept = false;  ///< by the session: who opens the same version again gets the same manifest
  std::shared_ptr<const void> open;  ///< while there is a copy, cleanup in this process spares the version
  std::vector<uint64_t> torn = {};   ///< newer numbers, newest first, that were passed over because their manifests are torn
  std::optional<Listed> listed = {};  ///< where this was just found to be the latest: spares a commit that follows a listing

  uint64_t version() const { return manifest->version(); }
};

/// Whether some version that is listed is not torn.
bool HasWholeVersion(const io::ObjectStore& store, const VersionListing& listing);
/// True when the store holds at least one version; a torn manifest is none.
bool TableExists(const io::ObjectStore& store);
/// Loads a version; unset: the latest whose manifest is not torn. Refuses reader features that this version does not know (kUnsupported), names
/// the path and the versions that exist when there is none (kNotFound), and the newest usable version when the
/// manifest is damaged, or torn and asked for by number (kCorrupt). A session spares the parsing of a manifest that it has seen in the same state.
Snapshot LoadSnapshot(const io::ObjectStorePtr& store, std::optional<uint64_t> version = {}, Session* session = nullptr);
/// The latest version, or nullopt where there is none: nothing, or only what a crash tore. \throws as LoadSnapshot
std::optional<Snapshot> FindLatest(const io::ObjectStorePtr& store, Session* session = nullptr);
/// The version of this number, without a listing; nullopt where there is none. \throws as LoadSnapshot
std::optional<Snapshot> FindVersion(const io::ObjectStorePtr& store, Naming naming, uint64_t version);
/// Keeps the manifest of a version that was just written, for who opens it next. False when it is not worth it.
bool KeepWritten(const Snapshot& written, Session* session);
/// The manifest alone, as it is: what it needs of a reader is not looked at. \throws Error(kCorrupt), Error(kNotFound)
ManifestPtr ReadManifest(const io::ObjectStore& store, const VersionEntry& entry);
/// The newest version whose manifest is not torn. \throws Error(kNotFound)
uint64_t LatestVersion(const io::ObjectStore& store);

/// A file of a snapshot: the store that it lies in and its path there (files of clones lie in another table's store).
struct FileLocation {
  io::ObjectStorePtr store;
  std::string path;
};
/// `folder` is "data", "_deletions" or "_indices". \throws Error(kCorrupt) for an unknown base or a path that leaves it.
FileLocation LocateFile(const Snapshot& snapshot, std::optional<uint32_t> base_id, std::string_view folder,
                        std::string_view name);
FileLocation LocateDataFile(const Snapshot& snapshot, const DataFileProto& file);

/// The deleted rows of a fragment, nullptr when there are none. `physical_rows`: the fragment's, or of its data file
/// when the manifest does not record them. \throws Error(kCorrupt), Error(kNotFound)
rows::DeletionVectorPtr ReadDeletions(const Snapshot& snapshot, const Fragment& fragment, uint64_t physical_rows);

}  // namespace eider::table
