#pragma once
/// \file
/// Repairs torn manifests (IsTornManifest) while others read and write.
///
/// The number of a torn manifest stays taken: were its name free again, a writer that had listed the versions before could take it, below
/// versions that others made meanwhile and never held against it, and its commit would be lost. So the name keeps a manifest, that of a version
/// which changes nothing: the rows of the whole version before, as every later version found them. Who takes the next number without having
/// seen it misses nothing.

#include <chrono>
#include <string>

#include "eider/table/snapshot.h"

namespace eider::table {

/// Where the bytes of a torn manifest are kept.
std::string TornCopyPath(const VersionEntry& entry);

struct TornRepair {
  std::chrono::nanoseconds min_age = std::chrono::minutes(10);  ///< of the file: a younger one may be half written
  int64_t now_ns = 0;      ///< since the Unix epoch
  bool only_look = false;  ///< whether it could be done
  std::string uuid = {};   ///< of the transaction that the version names; "": a fresh one
};
/// Copies the bytes of a torn manifest, and puts the version that changes nothing in its place. A detached version, whose number nobody else
/// takes, goes instead. Looks once more right before: what is not torn any more, or another file, stays. Returns why nothing was done, "" when
/// it was. \throws Error(kIo), Error(kNotFound)
std::string RepairTorn(const io::ObjectStorePtr& store, const VersionEntry& entry, const TornRepair& repair);

}  // namespace eider::table
