#pragma once
/// \file
/// Looks for damage in a table: what its versions name must be there, and be what was written.

#include <eider/export.h>
#include <eider/session.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace eider {

enum class Repair {
  kNone,
  kPlan,  ///< says what kDo would do
  /// Puts a version that changes nothing in the place of each torn manifest, whose bytes are set aside, and removes files that no version
  /// names and that are older than 7 days. Others may write meanwhile: the number of a torn manifest stays taken.
  kDo,
};

struct VerifyOptions {
  bool all_versions = true;  ///< false: the newest of the table and of each branch
  bool read_data = true;     ///< false: metadata alone; pages and blobs are not read
  Repair repair = Repair::kNone;
  /// Of a torn manifest that is repaired: the writer of a younger one may be at work, where a store shows files that are half written.
  std::chrono::nanoseconds torn_age = std::chrono::minutes(10);
  std::shared_ptr<Session> session;  ///< whose threads work; unset: Session::Default()
  std::function<int64_t()> clock;    ///< nanoseconds since the Unix epoch; unset: the system's
};

/// One thing that was found.
struct Finding {
  enum class Kind {
    kTornManifest,  ///< a crash left it; its number is no version
    kManifest,      ///< contradicts itself, or does not read
    kMissingFile,
    kDataFile,      ///< its size, metadata or encoding is wrong
    kChecksum,      ///< bytes are not those that were written
    kRowCount,      ///< file and manifest disagree
    kDeletions,
    kRowIds,        ///< stable row ids, or the versions of rows
    kTransaction,
    kIndex,
    kReference,     ///< a tag or a branch
    kOrphan,        ///< no version names it: left by a writer that failed, or of one at work
    kUnknown,       ///< asks for more than this version knows; not looked at
  };
  Kind kind = Kind::kManifest;
  bool is_damage = true;  ///< false: worth to know, nothing is lost
  std::string path;       ///< of the file, below the root of the table, or as a URI
  std::optional<uint64_t> version;  ///< one that needs the file
  std::string column;               ///< of the file, when known
  std::optional<uint64_t> page;     ///< of the column
  std::string message;
};

/// What kPlan would do, or kDo did.
struct RepairStep {
  std::string path;
  std::string new_path;  ///< where its bytes are set aside; "": it is removed
  uint64_t size_bytes = 0;
  bool is_done = false;
};

struct VerifyReport {
  std::vector<Finding> findings;  ///< damage first; of many, the first 10,000
  uint64_t num_damages = 0;
  uint64_t num_versions = 0, num_fragments = 0, num_files = 0, num_pages = 0, num_blobs = 0;
  uint64_t num_unchecked_files = 0;  ///< data files without checksums: they were decoded, which finds less
  uint64_t num_unchecked_manifests = 0, num_unchecked_deletions = 0;  ///< without checksums: they were held against the rest of the table
  uint64_t bytes_read = 0;           ///< of pages and blobs
  uint64_t num_orphans = 0, orphan_bytes = 0;
  std::vector<RepairStep> repairs;

  bool ok() const { return num_damages == 0; }
};

EIDER_EXPORT const char* FindingKindName(Finding::Kind kind);

/// Verifies the table at `uri` with its branches. \throws Error(kNotFound) when there is none, Error(kCancelled); damage is reported.
EIDER_EXPORT VerifyReport VerifyTable(const std::string& uri, const VerifyOptions& options = {});

/// One version alone, without reading data, references and other versions: the manifest, what it names, and what files say of themselves.
/// \throws Error(kNotFound) when there is no such version
EIDER_EXPORT VerifyReport VerifyVersion(const std::string& uri, uint64_t version, const std::shared_ptr<Session>& session = nullptr);

}  // namespace eider
